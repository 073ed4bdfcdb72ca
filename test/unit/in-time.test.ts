/** Nobody waits longer for a search than they said. */
import { afterEach, expect, jest, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { ScriptoriumClient } from '../../client/index.ts';

/** A client whose Temporal takes everything up, and answers nothing. */
function silentClient() {
  let asked = 0;
  const temporal = new Client({});
  temporal.workflow.execute = () => {
    asked += 1;
    return new Promise(() => {});
  };
  temporal.workflow.start = () => {
    asked += 1;
    return new Promise(() => {});
  };
  return { client: new ScriptoriumClient(temporal), asked: () => asked };
}

afterEach(() => {
  jest.useRealTimers();
});

test.each([
  ['its deadline and a grace, for quotes that are late', { deadlineMs: 2_000 }, 17_000],
  ['the longest deadline that workers may be set to, and the grace', {}, 125_000],
])('a question that nobody answers ends after %s, with a code', async (_, options, afterMs) => {
  jest.useFakeTimers();
  const { client } = silentClient();
  const ended = jest.fn();
  const asking = client.ask('Who?', options).catch(ended);
  await jest.advanceTimersByTimeAsync(afterMs - 1);
  expect(ended).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(1);
  await asking;
  expect(ended).toHaveBeenCalledWith(expect.objectContaining({ code: 'QUESTION_TIMEOUT' }));
});

test('a search ends at its deadline, with a code', async () => {
  const { client } = silentClient();
  await expect(client.search('lamp', { deadlineMs: 5 })).rejects.toMatchObject({ code: 'QUESTION_TIMEOUT' });
});

test('a search is given up with its signal, and not begun when that is late', async () => {
  const { client, asked } = silentClient();
  const given = new AbortController();
  const searching = client.search('lamp', { signal: given.signal });
  given.abort(new Error('enough'));
  await expect(searching).rejects.toThrow('enough');
  expect(asked()).toBe(1);
  await expect(client.search('lamp', { signal: given.signal })).rejects.toThrow('enough');
  expect(asked()).toBe(1);
});

test.each([0, -1, 1.5, 110_001])('a deadline of %p makes no sense', async (deadlineMs) => {
  const { client, asked } = silentClient();
  await expect(client.search('lamp', { deadlineMs })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(asked()).toBe(0);
});
