/** `scriptorium up` without `--detach`, as a terminal or a process manager ends it. */
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { readStackState } from '../../client/stack-state.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { descendantsOf } from '../helpers/stack-processes.ts';

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a stack in the foreground', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with all its processes when %s comes to the command alone',
    async (signal) => {
      await using home = await TestHome.create();
      const child = home.start('up');
      let said = '';
      await new Promise<void>((resolve, reject) => {
        child.stderr?.on('data', (text) => {
          said += String(text);
          if (said.includes('the stack is up')) resolve();
        });
        child.once('exit', (code) => reject(new Error(`up ended with ${code}: ${said}`)));
      });
      const pids = await descendantsOf(child.pid ?? 0);
      expect(pids.length).toBeGreaterThanOrEqual(4);
      const ended = once(child, 'exit');
      child.kill(signal);
      expect((await ended)[0]).toBe(0);
      expect(pids.filter(alive)).toEqual([]);
      expect(await readStackState(home.paths.stackFile)).toBeNull();
    },
    90_000,
  );
});
