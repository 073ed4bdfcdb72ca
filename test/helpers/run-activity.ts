/** Runs an activity as a worker would, without Temporal. */
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

export type ActivityInfo = NonNullable<ConstructorParameters<typeof MockActivityEnvironment>[0]>;

export interface ActivityRun<O> {
  /** What it gave; undefined when it failed. */
  readonly result: O | undefined;
  readonly failure: ApplicationFailure | undefined;
  /** Details of its heartbeats, in order. */
  readonly beats: readonly unknown[];
}

export async function runActivity<I, O>(
  activity: (input: I) => Promise<O>,
  input: I,
  info: ActivityInfo = {},
): Promise<ActivityRun<O>> {
  const env = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => {}) });
  const beats: unknown[] = [];
  env.on('heartbeat', (details: unknown) => beats.push(details));
  try {
    const run: (input: I) => Promise<O> = (given) => activity(given);
    return { result: await env.run(run, input), failure: undefined, beats };
  } catch (error) {
    if (error instanceof ApplicationFailure) return { result: undefined, failure: error, beats };
    throw error;
  }
}

/** What it gave; throws its failure. */
export async function resultOf<I, O>(
  activity: (input: I) => Promise<O>,
  input: I,
  info: ActivityInfo = {},
): Promise<O> {
  const { result, failure } = await runActivity(activity, input, info);
  if (result !== undefined) return result;
  throw failure ?? new Error('the activity gave nothing');
}
