/** A process that answers is left alone; one that does not, for some looks in a row, is told of. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ManagedProcess } from '../../workers/supervisor/managed-process.ts';
import { SilenceWatch } from '../../workers/supervisor/silence-watch.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

describe('who is asked once a minute', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const watched = (ask: (heard: () => void) => boolean) => {
    const onSilent = jest.fn();
    const watch: SilenceWatch = new SilenceWatch({
      ...{ everyMs: 60_000, most: 3, onSilent },
      ask: () => ask(() => watch.heard()),
    });
    return { onSilent, minutes: (n: number) => jest.advanceTimersByTime(n * 60_000), watch };
  };

  test('and answers is never silent, however late it answers', () => {
    let late: (() => void) | null = null;
    const { onSilent, minutes } = watched((answered) => {
      late?.();
      late = answered;
      return true;
    });
    minutes(100);
    expect(onSilent).not.toHaveBeenCalled();
  });

  test('and answers nothing is silent after so many looks, and again after as many', () => {
    const { onSilent, minutes } = watched(() => true);
    minutes(3);
    expect(onSilent).not.toHaveBeenCalled();
    minutes(1);
    expect(onSilent).toHaveBeenCalledTimes(1);
    minutes(4);
    expect(onSilent).toHaveBeenCalledTimes(2);
  });

  test('and is not there meanwhile begins anew', () => {
    let looks = 0;
    const { onSilent, minutes } = watched(() => ++looks % 3 !== 0);
    minutes(100);
    expect(onSilent).not.toHaveBeenCalled();
  });

  test('is asked no more when the watch is over', () => {
    const { onSilent, minutes, watch } = watched(() => true);
    watch[Symbol.dispose]();
    minutes(100);
    expect(onSilent).not.toHaveBeenCalled();
  });
});

test('a process that is frozen is killed, and another one started in its place', async () => {
  await using folder = await tempFolder();
  const script = join(folder.path, 'answers.mjs');
  await writeFile(script, `process.on('message', () => process.send('pong'));`);
  const pids: number[] = [];
  const ends: string[] = [];
  const managed = new ManagedProcess({
    name: 'part',
    start: () => {
      const child = fork(script, { execArgv: [], env: {} });
      child.on('message', () => watch.heard());
      pids.push(child.pid ?? 0);
      return child;
    },
    onUnexpectedEnd: ({ how }) => ends.push(how),
  });
  using watch = new SilenceWatch({
    ...{ everyMs: 300, most: 3 },
    ask: () => managed.child?.send('ping', () => {}) ?? false,
    onSilent: () => managed.kill('did not answer'),
  });
  managed.start();
  const first = managed.child;
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(pids).toHaveLength(1);
  process.kill(pids[0] ?? 0, 'SIGSTOP');
  if (first) await once(first, 'exit');
  while (pids.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ends).toEqual(['did not answer']);
  await managed.stop(5_000);
}, 30_000);
