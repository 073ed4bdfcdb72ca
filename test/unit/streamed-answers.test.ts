/** A model's answer as it comes: in pieces, broken off, hanging, or as nonsense. */
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { OpenAiAnswers } from '../../activities/adapters/answers/openai-answers.ts';
import { StreamedText } from '../../client/cli/streamed-text.ts';
import '../helpers/any-realm.ts';
import { saying, streaming } from '../helpers/chat-server.ts';
import { type LocalServer, localServer, type Reply } from '../helpers/local-server.ts';
import { LIGHTS } from '../helpers/passages.ts';

const PIECES = ['A keeper ', 'lit the north ', 'lamp [1].'];

function modelAt({ url }: LocalServer, timeoutMs = 10_000): OpenAiAnswers {
  return new OpenAiAnswers({ baseUrl: `${url}/v1`, apiKey: 'secret', model: 'a-model', timeoutMs });
}

describe('an answer that comes in pieces', () => {
  test('is told as it comes, and is whole at the end, with its tokens', async () => {
    const told: string[] = [];
    const heard = PIECES.map(() => Promise.withResolvers<void>());
    // No piece is sent before the one ahead of it was told: what waits for the whole would never end.
    const between = async (index: number): Promise<void> => await heard[index - 1]?.promise;
    await using server = await localServer(streaming(PIECES, { between }));
    const onText = (text: string): void => {
      told.push(text);
      heard[told.length - 1]?.resolve();
    };
    const written = await modelAt(server).answer('Who lit the lamp?', LIGHTS, { onText });
    expect(told).toEqual(['A keeper ', 'A keeper lit the north ', 'A keeper lit the north lamp [1].']);
    expect(written).toMatchObject({
      ...{ answer: 'A keeper lit the north lamp [1].', mode: 'model', droppedClaims: 0 },
      ...{ citations: [{ n: 1 }], usage: { inputTokens: 70, outputTokens: 7 } },
    });
  });

  test('is asked for with a count of its tokens', async () => {
    await using server = await localServer(streaming(PIECES));
    await modelAt(server).answer('Who?', LIGHTS);
    expect(JSON.parse(server.bodies[0] ?? '')).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  const raw =
    (text: string): Reply =>
    (_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);

  test.each([
    ['breaks off', streaming(PIECES, { end: 'break' })],
    ['ends without saying so', raw('data: {"choices":[{"delta":{"content":"A"}}]}\n\n')],
    ['hangs in the middle', streaming(PIECES, { end: 'hang' })],
    ['is nonsense', raw('data: {"choices":[{"delta":\n\n')],
    ['is another document', raw('data: {"ok":true}\n\ndata: [DONE]\n\n')],
    ['is empty', streaming([])],
    ['tells an error', raw('data: {"error":{"message":"out of memory"}}\n\n')],
  ] satisfies [string, Reply][])('and %s is ANSWER_MODEL_UNREACHABLE', async (_, reply) => {
    await using server = await localServer(reply);
    await expect(modelAt(server, 500).answer('Who?', LIGHTS)).rejects.toMatchObject({
      code: 'ANSWER_MODEL_UNREACHABLE',
      message: expect.stringContaining('a-model'),
    });
  });

  /** Goes on until the other side has had enough. */
  const endless =
    (piece: string, status = 200, type = 'text/event-stream'): Reply =>
    async (_, response) => {
      response.writeHead(status, { 'content-type': type });
      const closed = once(response, 'close');
      while (!response.destroyed) {
        if (!response.write(piece)) await Promise.race([once(response, 'drain'), closed]);
      }
    };
  const piece = (text: object): string => `data: ${JSON.stringify({ choices: [{ delta: text }] })}\n\n`;

  test.each([
    ['text', endless(piece({ content: 'lamp '.repeat(100) })), /more than 9,600 characters/],
    ['text in one piece', saying('lamp '.repeat(2_000)), /more than 9,600 characters/],
    [
      'pieces without text',
      endless(piece({ reasoning_content: 'x'.repeat(9_000) })),
      /more than 2,457,600 bytes/,
    ],
    ['a line', endless('x'.repeat(65_536)), /more than 2,457,600 bytes/],
    ['a document', endless('[1,'.repeat(20_000), 200, 'application/json'), /more than 2,457,600 bytes/],
  ] satisfies [string, Reply, RegExp][])(
    'and is an endless %s is given up, and told no further',
    async (_, reply, why) => {
      await using server = await localServer(reply);
      let longest = 0;
      const onText = (text: string): void => {
        longest = Math.max(longest, text.length);
      };
      await expect(modelAt(server).answer('Who?', LIGHTS, { onText })).rejects.toMatchObject({
        code: 'ANSWER_MODEL_UNREACHABLE',
        message: expect.stringMatching(why),
      });
      expect(longest).toBeLessThanOrEqual(9_600);
    },
    9_000,
  );

  test('and is refused in endless words has the code of the refusal', async () => {
    await using server = await localServer(endless('no '.repeat(1_000), 401, 'text/plain'));
    const error = await modelAt(server, 5_000)
      .answer('Who?', LIGHTS)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ANSWER_MODEL_REJECTED' });
    expect(String(error).length).toBeLessThan(100_000);
  }, 9_000);

  test('ends when nobody waits for it any more, and the endpoint hears of it', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    await using server = await localServer((request, response) => {
      response.once('close', resolve);
      streaming(PIECES, { end: 'hang' })(request, response);
    });
    const giveUp = new AbortController();
    const onText = (): void => giveUp.abort(new Error('given up'));
    const answering = modelAt(server).answer('Who?', LIGHTS, { onText, signal: giveUp.signal });
    await expect(answering).rejects.not.toHaveProperty('code', 'ANSWER_MODEL_UNREACHABLE');
    await closed;
  });
});

describe('a text that is shown as it comes', () => {
  const shownOf = (texts: readonly string[], answer: string): [string, boolean] => {
    let out = '';
    const shown = new StreamedText((text) => {
      out += text;
    });
    for (const text of texts) shown.show(text);
    const whole = shown.end(answer);
    return [out, whole];
  };

  test('is shown once, the rest with the answer', () => {
    expect(shownOf(['The', 'The keeper'], 'The keeper [1].')).toEqual(['The keeper [1].\n', true]);
  });

  test('is followed by the answer where the check changed it', () => {
    expect(shownOf(['The moon [1].'], 'The library does not say.')).toEqual(['The moon [1].\n', false]);
  });

  test('is shown anew when the model began anew', () => {
    expect(shownOf(['The moon', 'A keeper'], 'A keeper [1].')).toEqual(['The moon\nA keeper [1].\n', true]);
  });

  test('moves no cursor, whatever a book or a model says', () => {
    expect(shownOf(['a\u001b[2Jb\nc'], 'x')[0]).toBe('a\uFFFD[2Jb\nc\n');
  });

  test('that never came leaves the answer to be printed', () => {
    expect(shownOf([], 'A keeper [1].')).toEqual(['', false]);
  });
});
