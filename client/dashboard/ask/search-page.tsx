import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { search } from '../api/calls.ts';
import { isGivenUp, problemFrom } from '../api/problems.ts';
import type { Problem, SearchHit, SearchResult } from '../api/types.ts';
import { PageDialog } from '../library/page-dialog.tsx';
import { MarkedText } from '../parts/marked-text.tsx';
import { Empty, Loading, ProblemNotice } from '../parts/notice.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { announce } from '../state/announce.ts';
import { readdress } from '../state/route.ts';
import { counted } from '../text/amounts.ts';
import { milliseconds } from '../text/duration.ts';
import { placeLabel } from '../text/place.ts';
import { markWords } from '../text/query-words.ts';
import { AskTabs } from './ask-tabs.tsx';
import { type Question, QuestionForm } from './question-form.tsx';

type State =
  | { readonly at: 'nothing' | 'searching' }
  | { readonly at: 'found'; readonly result: SearchResult; readonly query: string }
  | { readonly at: 'failed'; readonly problem: Problem; readonly question: Question };

/** The passages themselves, best first. */
export function SearchPage({ query }: { readonly query: string }): JSX.Element {
  const [state, setState] = useState<State>({ at: 'nothing' });
  const searching = useRef<AbortController | null>(null);
  const find = async (wanted: Question): Promise<void> => {
    searching.current?.abort();
    searching.current = new AbortController();
    readdress({ page: 'search', query: wanted.text });
    await follow(wanted, searching.current.signal, setState);
  };
  useEffect(() => {
    if (query !== '') void find({ text: query });
    return () => searching.current?.abort();
  }, []);
  return (
    <>
      <PageHead title="Search" lead="Passages by meaning and by words, best first." />
      <AskTabs current="search" />
      <QuestionForm
        label="Search"
        placeholder="bees in spring"
        deed="Search"
        given={query}
        busy={state.at === 'searching'}
        canQuote={false}
        onSubmit={find}
        onStop={() => {
          searching.current?.abort();
          setState({ at: 'nothing' });
        }}
      />
      {state.at === 'searching' && <Loading what="passages" />}
      {state.at === 'failed' && (
        <ProblemNotice problem={state.problem} onRetry={() => find(state.question)} />
      )}
      {state.at === 'found' && <Found result={state.result} query={state.query} />}
    </>
  );
}

async function follow(question: Question, signal: AbortSignal, show: (state: State) => void): Promise<void> {
  const { text: query, extractive: _, ...rest } = question;
  show({ at: 'searching' });
  try {
    const result = await search({ query, ...rest }, signal);
    if (signal.aborted) return;
    show({ at: 'found', result, query });
    announce(`${counted(result.hits.length, 'passage')} found`);
  } catch (error) {
    if (!signal.aborted && !isGivenUp(error)) show({ at: 'failed', problem: problemFrom(error), question });
  }
}

interface FoundProps {
  readonly result: SearchResult;
  readonly query: string;
}

function Found({ result: { hits, timings }, query }: FoundProps): JSX.Element {
  const [open, setOpen] = useState<SearchHit | null>(null);
  const total = timings.total;
  if (hits.length === 0)
    return (
      <Empty title="Nothing was found">
        <p>Use other words, look into all libraries, or narrow it down less.</p>
      </Empty>
    );
  return (
    <section aria-label="Passages">
      <p class="muted hint-line">
        {counted(hits.length, 'passage')}
        {total === undefined ? '' : ` in ${milliseconds(total)}`}
      </p>
      <ol class="cards">
        {hits.map((hit) => (
          <Hit key={hit.chunkId} hit={hit} query={query} onOpen={() => setOpen(hit)} />
        ))}
      </ol>
      {open && <PageDialog passage={{ ...open, quote: open.text }} onClose={() => setOpen(null)} />}
    </section>
  );
}

interface HitProps {
  readonly hit: SearchHit;
  readonly query: string;
  readonly onOpen: () => void;
}

function Hit({ hit, query, onOpen }: HitProps): JSX.Element {
  return (
    <li class="card hit">
      <p class="source-head">
        <strong>{hit.title}</strong>
        <span class="muted">
          {[hit.author, placeLabel(hit), `score ${hit.score.toFixed(2)}`].filter(Boolean).join(' · ')}
        </span>
      </p>
      <p class="prose">
        <MarkedText pieces={markWords(hit.text, query)} />
      </p>
      <button type="button" class="button quiet small" onClick={onOpen}>
        Read it in the book
        <span class="unseen">
          : {hit.title}, {placeLabel(hit)}
        </span>
      </button>
    </li>
  );
}
