import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { inTurn } from '../../workers/supervisor/port-turn.ts';

test('stacks that start at the same moment take their ports one after the other, also after one that failed', async () => {
  const events: string[] = [];
  const start = (name: string, fails: boolean) =>
    inTurn(async () => {
      events.push(`${name} begins`);
      for (let turn = 0; turn < 50; turn++) await setImmediate();
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
    });
  await Promise.allSettled([start('first', true), start('second', false), start('third', false)]);
  expect(events).toHaveLength(6);
  for (let at = 0; at < 6; at += 2) expect(events[at + 1]).toBe(events[at]?.replace('begins', 'ends'));
});
