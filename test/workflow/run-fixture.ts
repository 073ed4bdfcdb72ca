/** A run over a library of fakes, on a real Temporal server. */
import {
  WorkflowFailedError,
  type WorkflowHandle,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { deafSinks } from '../../workers/telemetry/workflow-observer.ts';
import {
  type IngestLibraryInput,
  type IngestLibraryResult,
  ingestLibraryId,
  type RunProgress,
  taskQueues,
} from '../../workflows/contract.ts';
import { bundleWorkflows, startTemporal } from '../helpers/temporal.ts';
import { type FakeLibrary, fakeActivities, Seen } from './fake-activities.ts';

export interface Running {
  readonly handle: WorkflowHandleWithFirstExecutionRunId<
    (input: IngestLibraryInput) => Promise<IngestLibraryResult>
  >;
  readonly library: string;
  readonly seen: Seen;
}

export class RunFixture {
  readonly env: TestWorkflowEnvironment;
  readonly workflowBundle: WorkflowBundleWithSourceMap;
  #libraries = 0;

  private constructor(env: TestWorkflowEnvironment, workflowBundle: WorkflowBundleWithSourceMap) {
    this.env = env;
    this.workflowBundle = workflowBundle;
  }

  static async start(...settings: Parameters<typeof startTemporal>): Promise<RunFixture> {
    const [env, workflowBundle] = await Promise.all([startTemporal(...settings), bundleWorkflows()]);
    return new RunFixture(env, workflowBundle);
  }

  async stop(): Promise<void> {
    await this.env.teardown();
  }

  /** Starts a run of a library of fakes, and drops the workers when the test is through with it. */
  async withRun(
    fake: FakeLibrary,
    input: Partial<IngestLibraryInput>,
    use: (run: Running) => Promise<void>,
    workflowIdOf: (library: string) => string = ingestLibraryId,
  ): Promise<void> {
    const seen = new Seen();
    const workers = await this.#workers(fake, seen);
    const library = `library-${++this.#libraries}`;
    const runs = workers.map((worker) => worker.run());
    try {
      const handle = await this.env.client.workflow.start<
        (input: IngestLibraryInput) => Promise<IngestLibraryResult>
      >('ingestLibrary', {
        args: [{ paths: ['/books'], library, ...input }],
        taskQueue: taskQueues.main,
        workflowId: workflowIdOf(library),
      });
      await use({ handle, library, seen });
    } finally {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
    }
  }

  async #workers(fake: FakeLibrary, seen: Seen): Promise<Worker[]> {
    const activities = fakeActivities(fake, seen, this.env.client);
    const queues = [taskQueues.main, taskQueues.documents, taskQueues.embed];
    const { nativeConnection: connection } = this.env;
    const { workflowBundle } = this;
    return await Promise.all(
      queues.map((taskQueue) =>
        Worker.create({
          ...{
            connection,
            taskQueue,
            activities,
            workflowBundle,
            shutdownForceTime: '30s',
            sinks: deafSinks,
          },
        }),
      ),
    );
  }
}

/** What the workflow failed with. */
export async function failureOf(handle: WorkflowHandle): Promise<Error | undefined> {
  const error = await handle.result().catch((thrown: unknown) => thrown);
  return error instanceof WorkflowFailedError ? error.cause : undefined;
}

export const progressOf = (handle: WorkflowHandle): Promise<RunProgress> =>
  handle.query<RunProgress>('runProgress');

export const inFlight = (handle: WorkflowHandle) => async () => {
  const progress = await progressOf(handle);
  return progress.running.length > 0 && progress;
};
