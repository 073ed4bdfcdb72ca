import type { JSX } from 'preact';
import { slowQuestions } from '../api/calls.ts';
import type { SlowQuestion } from '../api/types.ts';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { useLoaded } from '../state/loaded.ts';
import { counted } from '../text/amounts.ts';
import { ago, milliseconds } from '../text/duration.ts';
import { type StageTime, stageTimes } from '../text/stage-times.ts';

const EVERY_MS = 15_000;

/** Questions that took long, and which stage it was. */
export function SlowQuestions(): JSX.Element {
  const loaded = useLoaded(slowQuestions, 'slow', () => EVERY_MS);
  const { data } = loaded;
  return (
    <section class="group">
      <h2>Slow questions</h2>
      {loaded.loading && <Loading what="the slow questions" />}
      {loaded.problem && <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} />}
      {data?.questions.length === 0 && <p class="muted">No question took long since the server started.</p>}
      <ol class="cards">
        {data?.questions.map((question) => (
          <Question key={`${question.atMs} ${question.text}`} question={question} />
        ))}
      </ol>
    </section>
  );
}

function Question({ question }: { readonly question: SlowQuestion }): JSX.Element {
  const { text, kind, atMs, totalMs, timings, results, outcome } = question;
  const times = stageTimes(timings, totalMs);
  return (
    <li class="card slow">
      <p class="part-head">
        <strong>{text ?? 'A question (its text is kept out of logs)'}</strong>
        <span class="number">{milliseconds(totalMs)}</span>
      </p>
      <p class="muted">
        {kind} · {ago(atMs, Date.now())} · {counted(results, 'result')} · {outcome}
      </p>
      <Stack times={times} />
      <ul class="legend">
        {times.map(({ stage, ms }, at) => (
          <li key={stage}>
            <span class={`dot tint-${at % TINTS}`} />
            {stage} {milliseconds(ms)}
          </li>
        ))}
      </ul>
    </li>
  );
}

const TINTS = 6;

/** The stages side by side; the list below says the same in words. */
function Stack({ times }: { readonly times: readonly StageTime[] }): JSX.Element {
  return (
    <svg class="stack" aria-hidden="true" width="100%" height="10">
      {times.map(({ stage, from, share }, at) => (
        <rect
          key={stage}
          class={`tint-${at % TINTS}`}
          x={`${from * 100}%`}
          width={`${share * 100}%`}
          height="10"
        />
      ))}
    </svg>
  );
}
