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
  const beats: unknown[] = [];
  try {
    const result = await resultOf(activity, input, info, (details) => beats.push(details));
    return { result, failure: undefined, beats };
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
  onBeat: (details: unknown) => void = () => {},
): Promise<O> {
  const env = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => {}) });
  env.on('heartbeat', onBeat);
  const run: (input: I) => Promise<O> = (given) => activity(given);
  return await env.run(run, input);
}
