import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { runs } from '../api/calls.ts';
import type { Run, RunList } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { Icon } from '../parts/icons.tsx';
import { Empty, Loading, ProblemNotice } from '../parts/notice.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { keptJobs } from '../state/kept-jobs.ts';
import { type Loaded, useLoaded } from '../state/loaded.ts';
import { may } from '../state/who.ts';
import { AddBooks } from './add-books.tsx';
import { earlierRuns } from './earlier-runs.ts';
import { JobCard } from './job-card.tsx';
import { RunCard } from './run-card.tsx';

const BUSY_MS = 1_000;
const QUIET_MS = 5_000;

/** Runs that go on, what was handed in here, and how the last run over each library ended. */
export function RunsPage(): JSX.Element {
  return may('ingest') ? <Runs /> : <NotForThisKey />;
}

function Runs(): JSX.Element {
  const [adds, setAdds] = useState(false);
  const going = useLoaded(runs, 'runs', everyMs);
  const active = going.data?.runs ?? [];
  const names = active.map(({ library }) => library).join('/');
  const earlier = useLoaded((signal) => earlierRuns(names.split('/'), signal), 'earlier');
  // When a run begins or ends, another is the last one of its library.
  useEffect(earlier.reload, [names, earlier.reload]);
  const reload = (): void => {
    going.reload();
    earlier.reload();
  };
  return (
    <>
      <PageHead title="Runs" lead="Books on their way into the libraries.">
        <button type="button" class="button primary" onClick={() => setAdds(true)}>
          <Icon name="plus" /> Add books
        </button>
      </PageHead>
      {adds && <AddBooks onStarted={reload} onClose={() => setAdds(false)} />}
      {going.problem && <ProblemNotice problem={going.problem} onRetry={going.reload} />}
      {going.loading && <Loading what="the runs" />}
      <RunSection title="Going on" runs={active} onSteered={reload} />
      <HandedIn />
      {earlier.problem && !going.problem && (
        <ProblemNotice problem={earlier.problem} onRetry={earlier.reload} />
      )}
      <RunSection title="Last runs" runs={earlier.data ?? []} onSteered={reload} />
      {isNothingThere(going, earlier) && keptJobs.value.length === 0 && <NoRuns />}
    </>
  );
}

function everyMs({ runs }: RunList): number {
  return runs.length === 0 ? QUIET_MS : BUSY_MS;
}

function isNothingThere(going: Loaded<RunList>, earlier: Loaded<readonly Run[]>): boolean {
  return going.data?.runs.length === 0 && earlier.data?.length === 0;
}

interface RunSectionProps {
  readonly title: string;
  readonly runs: readonly Run[];
  readonly onSteered: () => void;
}

function RunSection({ title, runs, onSteered }: RunSectionProps): JSX.Element | null {
  if (runs.length === 0) return null;
  return (
    <section class="group">
      <h2>{title}</h2>
      {runs.map((run) => (
        <RunCard key={run.workflowId} run={run} onSteered={onSteered} />
      ))}
    </section>
  );
}

function HandedIn(): JSX.Element | null {
  if (keptJobs.value.length === 0) return null;
  return (
    <section class="group">
      <h2>Handed in here</h2>
      <ul class="cards">
        {keptJobs.value.map((jobId) => (
          <JobCard key={jobId} jobId={jobId} />
        ))}
      </ul>
    </section>
  );
}

function NotForThisKey(): JSX.Element {
  return (
    <>
      <PageHead title="Runs" />
      <Empty title="This key is for asking">
        <p>
          It may not see or start runs. <a href="#/ask">Ask</a> or look into the{' '}
          <a href="#/library">library</a>, or use a key with the scope “ingest”.
        </p>
      </Empty>
    </>
  );
}

function NoRuns(): JSX.Element {
  return (
    <Empty title="No books yet">
      <p>
        Add some with the button above, or point the command at a folder. What is done stays done, whatever is
        killed.
      </p>
      <Command text="npx scriptorium ingest ~/Books" />
    </Empty>
  );
}
