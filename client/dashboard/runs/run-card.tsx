import type { JSX } from 'preact';
import { useEffect, useId } from 'preact/hooks';
import type { Run } from '../api/types.ts';
import { Badge } from '../parts/badge.tsx';
import { Bar } from '../parts/bar.tsx';
import { announce } from '../state/announce.ts';
import { amount, counted, percent } from '../text/amounts.ts';
import { ago } from '../text/duration.ts';
import { fileName } from '../text/place.ts';
import { RunFailures } from './run-failures.tsx';
import { RunSteering } from './run-steering.tsx';
import { factsOf, isOver, spoken, stageOf } from './run-words.ts';

interface RunCardProps {
  readonly run: Run;
  readonly onSteered: () => void;
}

/** A run: how far it is, what it is at, and what can be done about it. */
export function RunCard({ run, onSteered }: RunCardProps): JSX.Element {
  const titleId = useId();
  const { library, done, startedAtMs, failures, books } = run;
  const over = isOver(run);
  return (
    <section class="card run" aria-labelledby={titleId}>
      <header class="card-head">
        <h3 id={titleId}>{library}</h3>
        <Badge state={run.state} />
        <span class="muted">started {ago(startedAtMs, Date.now())}</span>
      </header>
      {!over && <Overall run={run} done={done} />}
      <dl class="facts">
        {factsOf(run).map(({ name, value, tone }) => (
          <div key={name} class={tone}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <RunningBooks run={run} />
      <RunFailures failures={failures} total={books.failed} />
      <RunSteering run={run} onSteered={onSteered} />
      {!over && <RunVoice run={run} />}
    </section>
  );
}

function Overall({ run, done }: { readonly run: Run; readonly done: number }): JSX.Element {
  const isScanning = run.state === 'scanning';
  const tone = run.state === 'paused' || run.state === 'cancelling' ? 'waiting' : 'plain';
  return (
    <div class="overall">
      <Bar label={`Progress of ${run.library}`} share={isScanning ? null : done} look="large" tone={tone} />
      <strong class="percent">{isScanning ? 'looking for books' : percent(done)}</strong>
    </div>
  );
}

function RunningBooks({ run: { running, inFlight } }: { readonly run: Run }): JSX.Element | null {
  if (running.length === 0) return null;
  return (
    <div class="in-flight">
      <h4>At work</h4>
      <ul class="rows">
        {running.map((book) => (
          <li key={book.bookId} class="flight">
            <span class="name" title={book.path}>
              {fileName(book.path)}
            </span>
            <span class="muted stage">{stageOf(book)}</span>
            <Bar label={`Progress of ${fileName(book.path)}`} share={book.done} />
            <span class="number">{percent(book.done)}</span>
          </li>
        ))}
      </ul>
      {inFlight > running.length && (
        <p class="muted">
          and {counted(inFlight - running.length, 'more book', 'more books')}, {amount(inFlight)} in all
        </p>
      )}
    </div>
  );
}

/** Tells a screen reader of the run, but not each second. */
function RunVoice({ run }: { readonly run: Run }): null {
  const words = spoken(run);
  useEffect(() => announce(words), [words]);
  return null;
}
