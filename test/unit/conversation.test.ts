import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type Conversation, converse } from '../../client/cli/conversation.ts';
import { eventually } from '../helpers/eventually.ts';

/** A conversation with whoever types into it. */
function begin(more: Partial<Conversation> = {}) {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const asked: string[] = [];
  const failures: unknown[] = [];
  const over = converse({
    ...{ input, output, terminal: true },
    answer: async (question) => void asked.push(question),
    onFailure: (error) => failures.push(error),
    ...more,
  });
  return { input, over, asked, failures, shown: () => shown };
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

describe('a conversation', () => {
  test('answers one question after the other, until exit', async () => {
    const { input, over, asked, shown } = begin();
    input.write('Who kept the lamp?\r\n\r\n  and when? \r\nexit\r\nnever asked\r\n');
    await over;
    expect(asked).toEqual(['Who kept the lamp?', 'and when?']);
    expect(shown()).toContain('? ');
  });

  test('ends at Ctrl-D', async () => {
    const { input, over, asked } = begin();
    input.write('one?\r');
    await eventually(() => asked.length > 0);
    input.write(CTRL_D);
    await over;
    expect(asked).toEqual(['one?']);
  });

  test('ends at Ctrl-D while an answer is written, with that answer', async () => {
    const answered = Promise.withResolvers<void>();
    const asked: string[] = [];
    const { input, over } = begin({
      answer: async (question) => {
        asked.push(question);
        await answered.promise;
      },
    });
    input.write('long?\r');
    await eventually(() => asked.length > 0);
    input.write(CTRL_D);
    // The terminal has heard it before the answer is there.
    await new Promise((resolve) => setImmediate(resolve));
    answered.resolve();
    await over;
    expect(asked).toEqual(['long?']);
  });

  test('Ctrl-C ends the answer that is being written, and not the conversation', async () => {
    const signals: AbortSignal[] = [];
    const failures: unknown[] = [];
    const { input, over } = begin({
      answer: async (question, signal) => {
        signals.push(signal);
        if (question === 'long?') await delay(60_000, undefined, { signal });
      },
      onFailure: (error) => failures.push(error),
    });
    input.write('long?\r');
    await eventually(() => signals.length > 0);
    input.write(CTRL_C);
    await eventually(() => signals[0]?.aborted);
    input.write('short?\r');
    await eventually(() => signals.length > 1);
    expect(signals[1]?.aborted).toBe(false);
    input.write('exit\r');
    await over;
    expect(failures).toEqual([]);
  });

  test('Ctrl-C at the prompt says how it ends', async () => {
    const { input, over, shown } = begin();
    input.write(CTRL_C);
    await eventually(() => shown().includes('Ctrl-D ends'));
    input.write('quit\r');
    await over;
  });

  test('goes on after an answer that failed', async () => {
    const { input, over, failures } = begin({
      answer: async (question) => {
        throw new Error(question);
      },
    });
    input.write('one\rtwo\rexit\r');
    await over;
    expect(failures).toEqual([new Error('one'), new Error('two')]);
  });

  test('takes lines that are piped in', async () => {
    const { input, over, asked } = begin({ terminal: false });
    input.end('one\ntwo\n');
    await over;
    expect(asked).toEqual(['one', 'two']);
  });
});
