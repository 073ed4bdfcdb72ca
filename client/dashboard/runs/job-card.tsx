import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { job } from '../api/calls.ts';
import type { Job } from '../api/types.ts';
import { Badge } from '../parts/badge.tsx';
import { Icon } from '../parts/icons.tsx';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { announce } from '../state/announce.ts';
import { forgetJob } from '../state/kept-jobs.ts';
import { useLoaded } from '../state/loaded.ts';
import { counted } from '../text/amounts.ts';
import { ago, duration } from '../text/duration.ts';
import { fileName } from '../text/place.ts';
import { RunFailures } from './run-failures.tsx';

const WATCHED_MS = 1_000;
/** One that waits for others has nothing to show. */
const WAITING_MS = 5_000;

/** What was handed in from this browser, and what became of it. */
export function JobCard({ jobId }: { readonly jobId: string }): JSX.Element {
  const loaded = useLoaded((signal) => job(jobId, signal), jobId, everyMs);
  return (
    <li class="card job">
      {loaded.data && <JobText job={loaded.data} />}
      {loaded.loading && <Loading what="the job" />}
      {loaded.problem && <ProblemNotice problem={loaded.problem} />}
      <button
        type="button"
        class="button quiet icon-only forget"
        onClick={() => forgetJob(jobId)}
        aria-label="Take this off the list"
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

function everyMs({ state, endedAtMs }: Job): number | null {
  if (endedAtMs !== null) return null;
  return state === 'waiting' ? WAITING_MS : WATCHED_MS;
}

function JobText({ job }: { readonly job: Job }): JSX.Element {
  const { paths, library, state, acceptedAtMs, result, failure } = job;
  const told = useRef(state);
  useEffect(() => {
    if (told.current !== state) announce(`${nameOf(paths)}: ${state}, ${whatOf(job)}`);
    told.current = state;
  }, [state]);
  return (
    <>
      <p class="job-head">
        <span class="name" title={paths.join('\n')}>
          {nameOf(paths)}
        </span>
        <Badge state={state} />
      </p>
      <p class="muted">
        into {library} · {ago(acceptedAtMs, Date.now())} · {whatOf(job)}
      </p>
      {failure && (
        <p class="failure">
          <code class="code">{failure.code}</code> {failure.message}
        </p>
      )}
      {result && <RunFailures failures={result.failures} total={result.books.failed} />}
    </>
  );
}

function nameOf([first, ...others]: readonly string[]): string {
  const name = first === undefined ? 'Nothing' : fileName(first);
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}

function whatOf({ state, before, result }: Job): string {
  if (state === 'waiting') return before === 0 ? 'begins at once' : `${counted(before, 'job')} before it`;
  if (!result) return state;
  const { ingested, unchanged, failed } = result.books;
  const searchable = counted(ingested + unchanged, 'book');
  return `${searchable} searchable, ${failed} failed, in ${duration(result.seconds)}`;
}
