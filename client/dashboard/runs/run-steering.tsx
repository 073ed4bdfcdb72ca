import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { steer } from '../api/calls.ts';
import type { Run } from '../api/types.ts';
import { Confirm } from '../parts/confirm.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { type Action, useAction } from '../state/action.ts';
import { announce } from '../state/announce.ts';
import { counted } from '../text/amounts.ts';
import { isOver } from './run-words.ts';

interface SteeringProps {
  readonly run: Run;
  readonly onSteered: () => void;
}

/** Pause, resume, more or fewer books at once, cancel, retry. */
export function RunSteering({ run, onSteered }: SteeringProps): JSX.Element | null {
  const action = useAction();
  const act = async (deed: () => Promise<unknown>, said: string): Promise<void> => {
    if (!(await action.start(deed))) return;
    announce(said);
    onSteered();
  };
  const over = isOver(run);
  if (over && run.books.failed === 0) return null;
  return (
    <div class="steering">
      {action.problem && <ProblemNotice problem={action.problem} />}
      <div class="button-row">
        {!over && <GoingOn run={run} busy={action.busy} act={act} onSteered={onSteered} />}
        {run.books.failed > 0 && <Retry run={run} action={action} act={act} />}
      </div>
    </div>
  );
}

type Act = (deed: () => Promise<unknown>, said: string) => Promise<void>;

interface GoingOnProps extends SteeringProps {
  readonly busy: boolean;
  readonly act: Act;
}

function GoingOn({ run: { library, state, parallel }, busy, act, onSteered }: GoingOnProps): JSX.Element {
  const [asks, setAsks] = useState(false);
  const isPaused = state === 'paused';
  const toggle = (): Promise<void> =>
    isPaused
      ? act(() => steer(library, 'resume', {}), `${library} goes on`)
      : act(() => steer(library, 'pause', {}), `${library} is paused; books at work are finished`);
  return (
    <>
      <button type="button" class="button" onClick={toggle} disabled={busy || state === 'cancelling'}>
        {isPaused ? 'Resume' : 'Pause'}
      </button>
      <button
        type="button"
        class="button quiet danger-text"
        onClick={() => setAsks(true)}
        disabled={state === 'cancelling'}
      >
        Cancel run
      </button>
      <Parallel library={library} parallel={parallel} busy={busy} act={act} />
      {asks && (
        <Confirm
          title={`Cancel the run over ${library}?`}
          deed="Cancel the run"
          instead="Let it go on"
          onConfirm={async () => {
            await steer(library, 'cancel', {});
            onSteered();
          }}
          onClose={() => setAsks(false)}
        >
          <p>No further book is started. Books that are done stay searchable; ingest again to go on.</p>
        </Confirm>
      )}
    </>
  );
}

interface ParallelProps {
  readonly library: string;
  readonly parallel: number;
  readonly busy: boolean;
  readonly act: Act;
}

const MAX_PARALLEL = 500;

function Parallel({ library, parallel, busy, act }: ParallelProps): JSX.Element {
  const id = useId();
  const set = (wanted: number): Promise<void> =>
    act(() => steer(library, 'parallel', { parallel: wanted }), `${counted(wanted, 'book')} at once`);
  return (
    <form
      class="stepper"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = Number(new FormData(event.currentTarget).get('parallel'));
        if (wanted !== parallel) void set(wanted);
      }}
    >
      <label for={id}>Books at once</label>
      <input
        id={id}
        name="parallel"
        type="number"
        inputMode="numeric"
        min={1}
        max={MAX_PARALLEL}
        required
        defaultValue={String(parallel)}
        key={parallel}
      />
      <button type="submit" class="button small" disabled={busy}>
        Set
      </button>
    </form>
  );
}

interface RetryProps {
  readonly run: Run;
  readonly action: Action;
  readonly act: Act;
}

/** After the end all are tried: who asks for it then has mended files. */
function Retry({ run, action, act }: RetryProps): JSX.Element {
  const { library } = run;
  const over = isOver(run);
  const retry = (all: boolean): Promise<void> =>
    act(() => steer(library, 'retry', { all }), `Failed books of ${library} are tried again`);
  return (
    <>
      <button type="button" class="button" onClick={() => retry(over)} disabled={action.busy}>
        Retry failed
      </button>
      {!over && (
        <button
          type="button"
          class="button quiet"
          onClick={() => retry(true)}
          disabled={action.busy}
          title="Also books whose content is at fault"
        >
          Retry broken files too
        </button>
      )}
    </>
  );
}
