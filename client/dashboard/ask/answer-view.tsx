import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Answer, Citation } from '../api/types.ts';
import { PageDialog, type Passage } from '../library/page-dialog.tsx';
import { counted } from '../text/amounts.ts';
import { cutAtCitations } from '../text/citation-marks.ts';
import { duration, milliseconds } from '../text/duration.ts';
import { placeLabel } from '../text/place.ts';

/** An answer, its citations, and how it came about. */
export function AnswerView({ answer }: { readonly answer: Answer }): JSX.Element {
  const [open, setOpen] = useState<Passage | null>(null);
  const show = (citation: Citation): void => setOpen(passageOf(citation));
  return (
    <section class="answer" aria-label="Answer">
      {answer.fallback && (
        <div class="notice waiting">
          <p class="notice-text">
            The model could not write this answer, so the books are quoted. {answer.fallback.message}
          </p>
          <p class="notice-foot">
            <code class="code">{answer.fallback.code}</code>
          </p>
        </div>
      )}
      <AnswerText answer={answer} onOpen={show} />
      <Sources citations={answer.citations} onOpen={show} />
      <p class="muted about">{aboutOf(answer)}</p>
      {open && <PageDialog passage={open} onClose={() => setOpen(null)} />}
    </section>
  );
}

interface WithOpen {
  readonly onOpen: (citation: Citation) => void;
}

function AnswerText({
  answer: { answer, citations },
  onOpen,
}: { readonly answer: Answer } & WithOpen): JSX.Element {
  const byNumber = new Map(citations.map((citation) => [citation.n, citation]));
  return (
    <div class="prose">
      {cutAtCitations(answer, new Set(byNumber.keys())).map((piece) => {
        if (piece.kind === 'text') return piece.text;
        const citation = byNumber.get(piece.n);
        return citation && <Mark citation={citation} onOpen={onOpen} />;
      })}
    </div>
  );
}

function Mark({ citation, onOpen }: { readonly citation: Citation } & WithOpen): JSX.Element {
  return (
    <button
      type="button"
      class="cite"
      aria-label={`Source ${citation.n}: ${citation.title}, ${placeLabel(citation)}`}
      disabled={!citation.bookId}
      onClick={() => onOpen(citation)}
    >
      {citation.n}
    </button>
  );
}

function Sources({
  citations,
  onOpen,
}: { readonly citations: readonly Citation[] } & WithOpen): JSX.Element | null {
  if (citations.length === 0) return null;
  return (
    <>
      <h2 class="sources-title">{counted(citations.length, 'source')}</h2>
      <ol class="cards sources">
        {citations.map((citation) => (
          <li key={citation.n} class="card source">
            <span class="source-number" aria-hidden="true">
              {citation.n}
            </span>
            <div>
              <p class="source-head">
                <strong>{citation.title}</strong>
                <span class="muted">
                  {[citation.author, placeLabel(citation)].filter(Boolean).join(' · ')}
                </span>
              </p>
              <blockquote class="prose">{citation.quote}</blockquote>
              {citation.bookId ? (
                <button type="button" class="button quiet small" onClick={() => onOpen(citation)}>
                  Read it in the book<span class="unseen">, source {citation.n}</span>
                </button>
              ) : (
                <p class="muted">Its page can’t be opened: this answer was kept by an earlier version.</p>
              )}
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

function passageOf({ bookId, title, quote, page, section }: Citation): Passage | null {
  return bookId ? { bookId, title, quote, page, section } : null;
}

function aboutOf({ mode, cached, timings, droppedClaims = 0 }: Answer): string {
  const total = timings.total ?? Object.values(timings).reduce((sum, ms) => sum + ms, 0);
  return [
    mode === 'extractive'
      ? 'Quoted from the books'
      : 'Written by a model, each sentence checked against its source',
    ...(droppedClaims > 0 ? [`${counted(droppedClaims, 'sentence')} without a source left out`] : []),
    cached ? `kept from ${duration(cached.ageMs / 1_000)} ago` : milliseconds(total),
  ].join(' · ');
}
