import type { JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { pageOfBook } from '../api/calls.ts';
import type { PageOfBook } from '../api/types.ts';
import { Icon } from '../parts/icons.tsx';
import { MarkedText } from '../parts/marked-text.tsx';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { announce } from '../state/announce.ts';
import { useLoaded } from '../state/loaded.ts';
import { cutAt } from '../text/marked.ts';
import { findQuote } from '../text/quote.ts';

interface PageReaderProps {
  readonly bookId: string;
  /** Page of a PDF, section of anything else; from 1. */
  readonly n: number;
  /** Marked on the page, and scrolled to. */
  readonly quote: string;
  readonly onTurn: (n: number) => void;
}

/** The text of one page, with the way to the others. */
export function PageReader({ bookId, n, quote, onTurn }: PageReaderProps): JSX.Element {
  const loaded = useLoaded((signal) => pageOfBook(bookId, n, signal), `${bookId} ${n}`);
  const last = useRef(n);
  const { data } = loaded;
  if (data) last.current = data.of;
  return (
    <div class="reader">
      <Turning page={data} n={n} of={last.current} onTurn={onTurn} />
      {loaded.loading && <Loading what="the page" />}
      {loaded.problem && <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} />}
      {data && <PageText key={data.n} page={data} quote={quote} />}
    </div>
  );
}

/** What the format calls its pages. */
function nameOf(page: PageOfBook | null): 'Page' | 'Section' {
  return page?.page === null ? 'Section' : 'Page';
}

interface TurningProps {
  readonly page: PageOfBook | null;
  readonly n: number;
  readonly of: number;
  readonly onTurn: (n: number) => void;
}

function Turning({ page, n, of, onTurn }: TurningProps): JSX.Element {
  const id = useId();
  const name = nameOf(page);
  const jump = (form: FormData): void => {
    const wanted = Number(form.get('n'));
    if (wanted !== n) onTurn(wanted);
  };
  return (
    <div class="turning">
      <button
        type="button"
        class="button"
        disabled={n <= 1}
        onClick={() => onTurn(n - 1)}
        aria-label={`Previous ${name.toLowerCase()}`}
      >
        <Icon name="back" />
      </button>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          jump(new FormData(event.currentTarget));
        }}
      >
        <label for={id}>{name}</label>
        <input
          id={id}
          name="n"
          key={n}
          type="number"
          inputMode="numeric"
          min={1}
          max={Math.max(of, 1)}
          required
          defaultValue={String(n)}
          onChange={(event) => event.currentTarget.form?.requestSubmit()}
        />
        <span class="muted">of {of}</span>
      </form>
      <button
        type="button"
        class="button"
        disabled={n >= of}
        onClick={() => onTurn(n + 1)}
        aria-label={`Next ${name.toLowerCase()}`}
      >
        <Icon name="on" />
      </button>
    </div>
  );
}

function PageText({ page, quote }: { readonly page: PageOfBook; readonly quote: string }): JSX.Element {
  const article = useRef<HTMLElement>(null);
  const at = findQuote(page.text, quote);
  useEffect(() => {
    const mark = article.current?.querySelector('mark');
    mark?.scrollIntoView({ block: 'center' });
    announce(`${nameOf(page)} ${page.n} of ${page.of}${mark ? ', the quote is marked' : ''}`);
  }, []);
  return (
    <article ref={article} class="page-text" aria-label={`${nameOf(page)} ${page.n}`}>
      {page.section.length > 0 && <p class="section-trail">{page.section.join(' › ')}</p>}
      <div class="prose">
        {page.text === '' ? (
          <p class="muted">This page holds no text.</p>
        ) : (
          <MarkedText pieces={cutAt(page.text, at ? [at] : [])} />
        )}
      </div>
      {quote !== '' && !at && <p class="muted">The quote is not on this page.</p>}
    </article>
  );
}
