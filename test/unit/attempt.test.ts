/** What one attempt at a stage leaves to the next: outages, waits that were asked for, how far it got, and stalls. */
import { describe, expect, jest, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { AttemptOptions } from '../../activities/attempt.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import { ingestStage, questionStage, type StageContext } from '../../activities/stage.ts';
import '../helpers/any-realm.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const down = new ScriptoriumError('STORE_UNREACHABLE', 'no answer');

type Step = (input: null, context: StageContext) => Promise<unknown>;
type Info = ConstructorParameters<typeof MockActivityEnvironment>[0];

describe('an outage', () => {
  test('fails the book with its code when it has lasted for as long as a book may wait', async () => {
    const { failures, hours } = await outageOf({ everyMs: MINUTE, maxOutageMs: HOUR });
    expect(hours).toBeCloseTo(1);
    expect(failures.slice(0, -1).every(({ nonRetryable }) => nonRetryable === false)).toBe(true);
    expect(failures.at(-1)).toMatchObject({ type: 'STORE_UNREACHABLE', details: [failures.length] });
    expect(failures.at(-1)?.message).toMatch(/It was waited for 1 h\. /);
  });

  test('of a weekend in which the stack was down as well uses up two minutes', async () => {
    const { failures } = await outageOf({ everyMs: 60 * HOUR, maxOutageMs: HOUR });
    expect(failures).toHaveLength(31);
  });

  test('counts the hour that the part asks for each time', async () => {
    const full = new ScriptoriumError('STORE_OVERLOADED', 'come back later', { retryAfterMs: HOUR });
    const { hours } = await outageOf({ everyMs: HOUR, maxOutageMs: 24 * HOUR, step: failing(full) });
    expect(hours).toBeCloseTo(24);
  });

  test('begins anew when an attempt got further than those before it', async () => {
    let done = 0;
    const { failures } = await outageOf({
      ...{ everyMs: MINUTE, maxOutageMs: 10 * MINUTE, most: 100 },
      step: async (_, { progress }) => {
        progress(++done, null);
        throw down;
      },
    });
    expect(failures).toHaveLength(100);
  });

  test('goes on when each attempt begins anew and gets as far as the others', async () => {
    const step: Step = async (_, { progress }) => {
      progress(1, 10);
      progress(2, 10);
      throw down;
    };
    const { failures } = await outageOf({ everyMs: MINUTE, maxOutageMs: 10 * MINUTE, most: 100, step });
    expect(failures.length).toBeLessThan(15);
  });

  test('is over when something else fails', async () => {
    const outage = { ms: 59 * MINUTE, atMs: Date.now() - MINUTE };
    const { last } = await attempt(failing(new ScriptoriumError('EMBEDDING_FAILED', 'x')), {
      info: { heartbeatDetails: { failures: 0, outages: 60, outage } },
    });
    expect(last).toEqual({ failures: 1, outages: 60 });
  });
});

describe('a part that names the time of the next try', () => {
  const patient = new ScriptoriumError('STORE_OVERLOADED', 'slow down', { retryAfterMs: 17_000 });

  test('is asked again then', async () => {
    expect((await attempt(failing(patient))).failure).toMatchObject({
      nonRetryable: false,
      nextRetryDelay: 17_000,
    });
    expect((await attempt(failing(down))).failure).not.toHaveProperty('nextRetryDelay', expect.anything());
  });

  test('keeps no question waiting for longer than ten seconds', async () => {
    const { failure } = await attempt(failing(patient), { stage: questionStage });
    expect(failure).toMatchObject({ nonRetryable: true, type: 'STORE_OVERLOADED' });
    expect(failure?.message).toMatch(/asks to wait for 17 s/);
    const soon = new ScriptoriumError('STORE_OVERLOADED', 'x', { retryAfterMs: 2_000 });
    expect((await attempt(failing(soon), { stage: questionStage })).failure).toMatchObject({
      nonRetryable: false,
      nextRetryDelay: 2_000,
    });
  });
});

test('a stage learns how far an earlier attempt got, whether that failed or was lost', async () => {
  const seen: number[] = [];
  const step: Step = async (_, { doneBefore, progress }) => {
    seen.push(doneBefore);
    progress(doneBefore + 5, 20);
    throw down;
  };
  const { last } = await attempt(step);
  await attempt(step, { info: { attempt: 2, heartbeatDetails: last } });
  expect(seen).toEqual([0, 5]);
});

describe('a stage whose workers are lost', () => {
  const details = { failures: 0, outages: 0, done: 5 };
  const step: Step = async (_, { progress }) => {
    progress(6, 20);
    throw down;
  };

  test('is given up when none of many got further', async () => {
    const { failure } = await attempt(step, { info: { attempt: 40, heartbeatDetails: details } });
    expect(failure).toMatchObject({ type: 'WORKER_LOST', nonRetryable: true });
  });

  test('is not while they get further', async () => {
    const { last } = await attempt(step, { info: { attempt: 20, heartbeatDetails: details } });
    expect(last).toMatchObject({ done: 6, furthest: 6, forgiven: 19 });
    const { failure } = await attempt(step, { info: { attempt: 40, heartbeatDetails: last } });
    expect(failure).toMatchObject({ type: 'STORE_UNREACHABLE', nonRetryable: false });
  });

  test('is given up when they get as far again and again', async () => {
    const heartbeatDetails = { ...details, done: 1, furthest: 6, forgiven: 0 };
    const { last } = await attempt(step, { info: { attempt: 20, heartbeatDetails } });
    expect(last).toMatchObject({ furthest: 6, forgiven: 0 });
    const { failure } = await attempt(step, { info: { attempt: 40, heartbeatDetails: last } });
    expect(failure).toMatchObject({ type: 'WORKER_LOST' });
  });
});

describe('a stage that hangs', () => {
  test('heartbeats no more after its limit without progress, and is told to end', async () => {
    jest.useFakeTimers();
    try {
      const env = environment();
      const beats: unknown[] = [];
      env.on('heartbeat', (details: unknown) => beats.push(details));
      let told: AbortSignal | undefined;
      let report: StageContext['progress'] = () => {};
      const step: Step = (_, { signal, progress }) => {
        told = signal;
        report = progress;
        return new Promise(() => {});
      };
      const stalls: string[] = [];
      const onStall = (reason: string): void => void stalls.push(reason);
      void env.run(ingestStage(step, { maxOutageMs: HOUR, maxStallMs: 10 * MINUTE, onStall }), null);
      jest.advanceTimersByTime(9 * MINUTE);
      report(1, 2);
      jest.advanceTimersByTime(9 * MINUTE);
      expect(told?.aborted).toBe(false);
      expect(stalls).toEqual([]);
      jest.advanceTimersByTime(2 * MINUTE);
      const after = beats.length;
      expect(told?.aborted).toBe(true);
      jest.advanceTimersByTime(HOUR);
      expect(beats).toHaveLength(after);
      expect(after).toBeGreaterThan(300);
      // So that its worker is replaced, once: what hangs is never given back.
      expect(stalls).toEqual([expect.stringContaining('for 10 minutes')]);
    } finally {
      jest.clearAllTimers();
      jest.useRealTimers();
    }
  });
});

interface Outage {
  /** Between two attempts. */
  readonly everyMs: number;
  readonly maxOutageMs: number;
  readonly step?: Step;
  readonly most?: number;
}

/** Attempts until one is not to be tried again, on a clock of their own. */
async function outageOf({ everyMs, maxOutageMs, step = failing(down), most = 1_000 }: Outage) {
  jest.useFakeTimers({ now: 0, doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'queueMicrotask'] });
  try {
    const failures: ApplicationFailure[] = [];
    let heartbeatDetails: unknown;
    while (failures.length < most && failures.at(-1)?.nonRetryable !== true) {
      if (failures.length > 0) jest.setSystemTime(Date.now() + everyMs);
      const info = { attempt: failures.length + 1, heartbeatDetails };
      const { failure, last } = await attempt(step, { info, options: { maxOutageMs } });
      if (!failure) throw new Error('the attempt did not fail');
      failures.push(failure);
      heartbeatDetails = last;
    }
    return { failures, hours: Date.now() / HOUR };
  } finally {
    jest.useRealTimers();
  }
}

function failing(error: Error): Step {
  return async () => {
    throw error;
  };
}

interface Given {
  readonly info?: Info;
  readonly options?: AttemptOptions;
  readonly stage?: typeof questionStage;
}

/** How an attempt fails, and the last that Temporal hears of it before. */
async function attempt(step: Step, { info = {}, options = { maxOutageMs: HOUR }, stage }: Given = {}) {
  const env = environment(info);
  let last: unknown;
  env.on('heartbeat', (details: unknown) => {
    last = details;
  });
  const run = stage ? stage(step) : ingestStage(step, options);
  const failure = await env.run(run, null).catch((thrown: unknown) => thrown);
  return { failure: failure instanceof ApplicationFailure ? failure : null, last };
}

/** Where an activity runs, without the log of its failures. */
function environment(info: Info = {}): MockActivityEnvironment {
  return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => {}) });
}
