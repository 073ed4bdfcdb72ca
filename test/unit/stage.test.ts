import { describe, expect, jest, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { type ErrorCode, errorRegistry, isErrorCode, ScriptoriumError } from '../../activities/errors.ts';
import { ingestStage, questionStage, type StageContext } from '../../activities/stage.ts';
import '../helpers/any-realm.ts';

const codes = Object.keys(errorRegistry).filter(isErrorCode);
const ofKind = (kind: 'never' | 'three tries' | 'outage'): ErrorCode[] =>
  codes.filter((code) => {
    const { retryable, outage } = errorRegistry[code];
    return kind === (outage ? 'outage' : retryable ? 'three tries' : 'never');
  });

type Stage = typeof questionStage;

const longStage: Stage = (run) => ingestStage(run, { maxOutageMs: 24 * 3_600_000 });
type Info = ConstructorParameters<typeof MockActivityEnvironment>[0];

describe.each([
  ['a long stage', longStage],
  ['a quick stage', questionStage],
] as const)('%s', (_, stage: Stage) => {
  test('gives what its step gives', async () => {
    const run = stage(async (input: number) => input * 2);
    expect(await environment().run(run, 21)).toBe(42);
  });

  test.each(codes)('that fails with %s says so in type, message and remedy', async (code) => {
    const failure = await failureOf(stage, new ScriptoriumError(code, 'a.pdf is what it is'));
    expect(failure.type).toBe(code);
    expect(failure.message).toBe(`a.pdf is what it is. ${errorRegistry[code].remedy}`);
    expect(failure.cause).toMatchObject({ name: 'ScriptoriumError' });
  });

  test('does not put two full stops before the remedy', async () => {
    const failure = await failureOf(stage, new ScriptoriumError('NO_TEXT', 'a.pdf holds no text.'));
    expect(failure.message).toMatch(/^a\.pdf holds no text\. Run optical/);
  });

  test.each(ofKind('never'))('is not tried again after %s', async (code) => {
    expect((await failureOf(stage, new ScriptoriumError(code, 'x'))).nonRetryable).toBe(true);
  });

  test.each(ofKind('outage'))('is tried again after %s for as long as it lasts', async (code) => {
    const info: Info = { attempt: 500, heartbeatDetails: { failures: 2, outages: 497 } };
    expect((await failureOf(stage, new ScriptoriumError(code, 'x'), info)).nonRetryable).toBe(false);
  });

  test('takes an error that nobody foresaw as INTERNAL, and a full disk as DISK_FULL', async () => {
    expect(await failureOf(stage, new TypeError('x is undefined'))).toMatchObject({ type: 'INTERNAL' });
    expect(await failureOf(stage, 'not even an error')).toMatchObject({ type: 'INTERNAL' });
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(await failureOf(stage, full)).toMatchObject({ type: 'DISK_FULL', nonRetryable: false });
  });

  test('lets a failure that is Temporal’s own already pass as it is', async () => {
    const failure = ApplicationFailure.nonRetryable('as it is', 'NO_TEXT');
    expect(await failureOf(stage, failure)).toBe(failure);
  });

  test('ends as cancelled when it is cancelled, whatever its step makes of that', async () => {
    const env = environment();
    const clumsy = stage(async (_input: null, { signal }: StageContext) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new Error('the connection was closed');
    });
    const running = env.run(clumsy, null);
    env.cancel('CANCELLED');
    await expect(running).rejects.toThrow(CancelledFailure);
  });

  test('ends as cancelled when a call inside of it was', async () => {
    const run = stage(async () => {
      throw new CancelledFailure('the call was cancelled');
    });
    await expect(environment().run(run, null)).rejects.toThrow(CancelledFailure);
  });

  test('that finishes its work although it was cancelled gives its result', async () => {
    const env = environment();
    const run = stage(async (_input: null, { signal }: StageContext) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return 'done';
    });
    const running = env.run(run, null);
    env.cancel('CANCELLED');
    expect(await running).toBe('done');
  });
});

describe('the tries of a long stage', () => {
  const broken = new ScriptoriumError('EXTRACTION_CRASHED', 'x');

  test('are three', async () => {
    const tries: boolean[] = [];
    let heartbeatDetails: unknown;
    for (let attempt = 1; attempt <= 3; attempt++) {
      const { failure, last } = await failed(broken, { attempt, heartbeatDetails });
      expect(failure.details).toEqual([attempt]);
      tries.push(failure.nonRetryable === true);
      heartbeatDetails = last;
    }
    expect(tries).toEqual([false, false, true]);
  });

  test('are those that failed: attempts that died with their worker do not count', async () => {
    const { failure } = await failed(broken, { attempt: 20, heartbeatDetails: { failures: 0, done: 3 } });
    expect(failure).toMatchObject({ nonRetryable: false, details: [1] });
    expect((await failed(broken, { attempt: 20 })).failure).toMatchObject({
      nonRetryable: false,
      details: [1],
    });
  });

  test('do not count outages', async () => {
    const outage = new ScriptoriumError('STORE_UNREACHABLE', 'x');
    const { last: heartbeatDetails } = await failed(outage, { heartbeatDetails: { failures: 2 } });
    expect(heartbeatDetails).toMatchObject({ failures: 2 });
    const { last } = await failed(broken, { heartbeatDetails: { failures: 0 } });
    expect(last).toMatchObject({ failures: 1 });
  });

  test('end for a step that took every one of 26 workers with it', async () => {
    const { failure } = await failed(broken, { attempt: 27 });
    expect(failure).toMatchObject({ type: 'WORKER_LOST', nonRetryable: true });
  });

  test.each([undefined, null, 'text', {}, { failures: 'many' }, [1]])(
    'begin at one where the details of the last heartbeat are %j',
    async (heartbeatDetails) => {
      expect((await failed(broken, { heartbeatDetails })).failure.details).toEqual([1]);
    },
  );
});

describe('the heartbeats of a long stage', () => {
  test('carry its progress and its failed tries, and do not come more often than each second', async () => {
    jest.useFakeTimers();
    try {
      const env = environment({ heartbeatDetails: { failures: 1 } });
      const beats = heartbeatsOf(env);
      const run = longStage(async (_input: null, { progress }) => {
        progress(1, 10);
        jest.advanceTimersByTime(1_000);
        progress(3, 10);
        progress(4, 10);
        jest.advanceTimersByTime(1_000);
        progress(10, null);
      });
      await env.run(run, null);
      expect(beats).toEqual([
        { failures: 1, outages: 0, done: 3, total: 10 },
        { failures: 1, outages: 0, done: 10, total: null },
      ]);
    } finally {
      jest.useRealTimers();
    }
  });

  test('come by themselves while it runs, and end with it', async () => {
    jest.useFakeTimers();
    try {
      const env = environment();
      const beats = heartbeatsOf(env);
      const { promise, resolve } = Promise.withResolvers<void>();
      const running = env.run(
        longStage(() => promise),
        null,
      );
      jest.advanceTimersByTime(60_000);
      const during = beats.length;
      expect(during).toBeGreaterThan(4);
      resolve();
      await running;
      jest.advanceTimersByTime(60_000);
      expect(beats).toHaveLength(during);
    } finally {
      jest.useRealTimers();
    }
  });

  test('come often enough for the timeout of 15 s, less what the worker holds back', () => {
    jest.useFakeTimers();
    try {
      const env = environment();
      const beats = heartbeatsOf(env);
      void env.run(
        longStage(() => new Promise<void>(() => {})),
        null,
      );
      jest.advanceTimersByTime(15_000 * 0.2);
      expect(beats.length).toBeGreaterThan(0);
    } finally {
      jest.clearAllTimers();
      jest.useRealTimers();
    }
  });
});

test('a quick stage counts its attempts', async () => {
  const error = new ScriptoriumError('INTERNAL', 'x');
  expect(await failureOf(questionStage, error, { attempt: 2 })).toMatchObject({
    nonRetryable: false,
    details: [2],
  });
  expect(await failureOf(questionStage, error, { attempt: 3 })).toMatchObject({
    nonRetryable: true,
    details: [3],
  });
});

describe('the attempts of a local step share one time', () => {
  const asked = (sinceMs: number): Info => ({
    ...{ isLocal: true, attempt: 2, startToCloseTimeoutMs: 6_000, scheduleToCloseTimeoutMs: 6_000 },
    scheduledTimestampMs: Date.now() - sinceMs,
  });

  test('each is told when it is over', async () => {
    const until = questionStage(async (_: null, { untilMs = 0 }) => untilMs - Date.now());
    const leftMs = await environment(asked(4_000)).run(until, null);
    expect(leftMs).toBeGreaterThan(1_000);
    expect(leftMs).toBeLessThanOrEqual(2_000);
  });

  test.each([
    ['in which one hangs', 5_900],
    ['after which another begins', 7_000],
  ])('%s: the step ends with QUESTION_TIMEOUT, and is not tried again', async (_, sinceMs) => {
    let signal: AbortSignal | undefined;
    const hang = questionStage((_input: null, context) => {
      signal = context.signal;
      return new Promise<never>(() => {});
    });
    const outcome = await environment(asked(sinceMs))
      .run(hang, null)
      .catch((thrown: unknown) => thrown);
    expect(outcome).toMatchObject({ type: 'QUESTION_TIMEOUT', nonRetryable: true });
    expect(signal?.aborted).toBe(true);
  });
});

/** Where an activity runs, without the log of its failures. */
function environment(info: Info = {}): MockActivityEnvironment {
  return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => {}) });
}

async function failureOf(stage: Stage, error: unknown, info: Info = {}): Promise<ApplicationFailure> {
  const run = stage(async () => {
    throw error;
  });
  const outcome = await environment(info)
    .run(run, null)
    .catch((thrown: unknown) => thrown);
  if (outcome instanceof ApplicationFailure) return outcome;
  throw new Error(`it ended with ${String(outcome)}`);
}

/** How a long stage fails, and the last that Temporal hears of it before. */
async function failed(error: Error, info: Info): Promise<{ failure: ApplicationFailure; last: unknown }> {
  const env = environment(info);
  const beats = heartbeatsOf(env);
  const run = longStage(async () => {
    throw error;
  });
  const failure = await env.run(run, null).catch((thrown: unknown) => thrown);
  if (failure instanceof ApplicationFailure) return { failure, last: beats.at(-1) };
  throw new Error(`it ended with ${String(failure)}`);
}

function heartbeatsOf(env: MockActivityEnvironment): unknown[] {
  const beats: unknown[] = [];
  env.on('heartbeat', (details: unknown) => beats.push(details));
  return beats;
}
