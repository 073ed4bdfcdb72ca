import { expect, test } from '@jest/globals';
import { runModule } from '../helpers/source-process.ts';

const ending = (then: string): string => `
  import { endAtLast } from './workers/end-at-last.ts';
  endAtLast(100, { error: (what, text) => console.log(text) });
  ${then}`;

test('a process that something keeps from ending is killed, and says so', async () => {
  const { signal, stdout } = await runModule(ending('setInterval(() => {}, 1e6);'));
  expect({ signal, stdout }).toEqual({
    signal: 'SIGKILL',
    stdout: expect.stringContaining('does not end'),
  });
});

test('one that ends in time ends as it would', async () => {
  expect(await runModule(ending('process.exitCode = 75;'))).toMatchObject({ code: 75, signal: null });
});
