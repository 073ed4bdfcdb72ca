import type { JSX } from 'preact';
import { readiness } from '../api/calls.ts';
import type { Readiness } from '../api/types.ts';
import { Badge } from '../parts/badge.tsx';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { useLoaded } from '../state/loaded.ts';
import { may } from '../state/who.ts';
import { Failures } from './failures.tsx';
import { SlowQuestions } from './slow-questions.tsx';

const EVERY_MS = 5_000;

/** Whether all is well, and where it isn't. */
export function HealthPage(): JSX.Element {
  const loaded = useLoaded(readiness, 'health', () => EVERY_MS);
  return (
    <>
      <PageHead title="Health" lead="Parts, failures, and questions that took long." />
      <section class="group">
        <h2>Parts</h2>
        {loaded.loading && <Loading what="the parts" />}
        {loaded.problem && <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} />}
        {loaded.data && <Parts readiness={loaded.data} />}
      </section>
      {may('ingest') && <Failures />}
      {may('admin') && <SlowQuestions />}
    </>
  );
}

function Parts({ readiness: { ready, parts } }: { readonly readiness: Readiness }): JSX.Element {
  return (
    <>
      <p class={`verdict ${ready ? 'good' : 'bad'}`} role="status">
        {ready
          ? 'Ready: every part answers.'
          : 'Not ready: a part does not answer. What waits for it goes on by itself.'}
      </p>
      <ul class="cards parts">
        {parts.map(({ name, healthy, detail }) => (
          <li key={name} class="card part">
            <p class="part-head">
              <strong>{name}</strong>
              <Badge state={healthy ? 'healthy' : 'unhealthy'} />
            </p>
            <p class="muted">{detail}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
