import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { ManagedProcess } from '../../workers/supervisor/managed-process.ts';
import '../helpers/any-realm.ts';
import { IDLE, STUBBORN, spawnNode } from '../helpers/child-process.ts';

interface UnexpectedEnd {
  readonly name: string;
  readonly how: string;
  readonly againInMs: number;
}

describe('a managed process', () => {
  test('that was killed is started again, each time after a longer pause', async () => {
    const managed = manage(() => spawnNode(IDLE));
    const first = await managed.nextStart();
    first.kill('SIGKILL');
    const second = await managed.nextStart();
    expect(second.pid).not.toBe(first.pid);
    expect(managed.process.child).toBe(second);
    expect(managed.process.restarts).toBe(1);
    second.kill('SIGKILL');
    await managed.nextStart();
    expect(managed.process.restarts).toBe(2);
    const [one, two] = managed.ends;
    expect(one).toEqual({ name: 'part', how: 'ended by SIGKILL', againInMs: 500 });
    expect(two?.againInMs).toBe(1_000);
    await managed.process.stop(5_000);
  });

  test('that ends by itself is started again, and it is said how it ended', async () => {
    const managed = manage((nth) => spawnNode(nth === 0 ? 'process.exitCode = 7; console.log()' : IDLE));
    await managed.nextStart();
    await managed.nextStart();
    expect(managed.ends.map(({ how }) => how)).toEqual(['ended with exit code 7']);
    await managed.process.stop(5_000);
  });

  test('that can’t be started at all is tried again', async () => {
    const managed = manage((nth) => (nth === 0 ? spawn('/no/such/program') : spawnNode(IDLE)));
    await managed.nextStart();
    await managed.nextStart();
    expect(managed.ends[0]?.how).toContain('ENOENT');
    await managed.process.stop(5_000);
  });

  test('for which the system has no room just now is tried again', async () => {
    let refusals = 0;
    const managed = manage((nth) => {
      if (nth === 1 && refusals++ === 0) throw new Error('spawn ENOMEM');
      return spawnNode(IDLE);
    });
    (await managed.nextStart()).kill('SIGKILL');
    await managed.nextStart();
    expect(managed.ends.map(({ how }) => how)).toEqual([
      'ended by SIGKILL',
      expect.stringContaining('could not be started: Error: spawn ENOMEM'),
    ]);
    expect(managed.process.restarts).toBe(2);
    await managed.process.stop(5_000);
  });

  test('that is stopped ends, and stays so', async () => {
    const managed = manage(() => spawnNode(IDLE));
    const child = await managed.nextStart();
    await managed.process.stop(60_000);
    expect(child.signalCode).toBe('SIGTERM');
    expect(managed.process.child).toBeNull();
    expect(managed.ends).toEqual([]);
    expect(managed.starts()).toBe(1);
  });

  test('may finish what it does before it ends', async () => {
    const managed = manage(() =>
      spawnNode(`process.on('SIGTERM', () => setTimeout(() => process.exit(3), 200)); ${IDLE}`),
    );
    const child = await managed.nextStart();
    await managed.process.stop(60_000);
    expect(child.exitCode).toBe(3);
  });

  test('that does not listen is killed after the grace time', async () => {
    const managed = manage(() => spawnNode(STUBBORN));
    const child = await managed.nextStart();
    await managed.process.stop(200);
    expect(child.signalCode).toBe('SIGKILL');
  });

  test('that is stopped in the pause before its next start is not started', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const managed = manage(() => spawnNode(IDLE));
      const child = await managed.nextStart();
      child.kill('SIGKILL');
      await managed.nextEnd();
      expect(jest.getTimerCount()).toBe(1);
      await managed.process.stop(1_000);
      jest.advanceTimersByTime(60_000);
      expect(managed.starts()).toBe(1);
    } finally {
      jest.useRealTimers();
    }
  });

  test('is stopped when its program turns out not to be there', async () => {
    const managed = manage(() => spawn('/no/such/program'));
    await managed.process.stop(1_000);
    expect(managed.process.child).toBeNull();
  }, 5_000);

  test('may be stopped twice, and before it was ever started', async () => {
    const never = new ManagedProcess({ name: 'x', start: () => spawnNode(IDLE), onUnexpectedEnd: () => {} });
    await never.stop(1_000);
    const managed = manage(() => spawnNode(IDLE));
    await managed.nextStart();
    await Promise.all([managed.process.stop(1_000), managed.process.stop(1_000)]);
    await managed.process.stop(1_000);
    expect(managed.ends).toEqual([]);
  });
});

/** A process that is started at once; its starts and ends can be waited for. */
function manage(spawnNth: (nth: number) => ChildProcess) {
  const ends: UnexpectedEnd[] = [];
  const children: ChildProcess[] = [];
  const started = waiting<ChildProcess>();
  const ended = waiting<UnexpectedEnd>();
  const process = new ManagedProcess({
    name: 'part',
    start: () => {
      const child = spawnNth(children.length);
      children.push(child);
      started.put(child);
      return child;
    },
    onUnexpectedEnd: (end) => {
      ends.push(end);
      ended.put(end);
    },
  });
  process.start();
  return {
    process,
    ends,
    starts: () => children.length,
    nextEnd: ended.take,
    nextStart: () => started.take().then(ready),
  };
}

/** Until it has said something, or could not be started. */
async function ready(child: ChildProcess): Promise<ChildProcess> {
  if (child.stdout && child.pid !== undefined) await once(child.stdout, 'data');
  return child;
}

/** Things that come one by one, and are waited for one by one. */
function waiting<T>() {
  const there: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put: (item: T): void => {
      const taker = takers.shift();
      if (taker) taker(item);
      else there.push(item);
    },
    take: (): Promise<T> => {
      const item = there.shift();
      return item === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(item);
    },
  };
}
