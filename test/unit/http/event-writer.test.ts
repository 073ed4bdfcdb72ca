/** Events wait for whoever reads them slowly, and take no more room the longer that lasts. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { EventWriter } from '../../../client/http/event-writer.ts';
import { cannedAnswer, testServer } from '../../helpers/http-server.ts';

/** A reader that takes one piece each time it is told to. */
class SlowReader extends Writable {
  readonly taken: string[] = [];
  #take: (() => void) | null = null;

  constructor() {
    super({ highWaterMark: 10, decodeStrings: false });
  }

  override _write(text: string, _: string, done: () => void): void {
    this.#take = () => {
      this.taken.push(text);
      done();
    };
  }

  /** Takes all that was written, and what is written thereupon. */
  async takeAll(): Promise<void> {
    while (this.#take) {
      const take = this.#take;
      this.#take = null;
      take();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('events', () => {
  test('that wait are the latest of each name, and all of them come at last', async () => {
    const reader = new SlowReader();
    const events = new EventWriter(reader);
    for (let n = 0; n < 1_000; n++) events.send('job', { n });
    events.keepAlive();
    events.send('problem', {});
    expect(reader.writableLength).toBeLessThan(100);
    await reader.takeAll();
    events.send('job', { n: 'after' });
    events.end();
    await reader.takeAll();
    expect(reader.taken.map((text) => text.split('\n').slice(0, 2).join(' '))).toEqual([
      'event: job data: {"n":0}',
      'event: job data: {"n":999}',
      'event: problem data: {}',
      'event: job data: {"n":"after"}',
    ]);
    expect(reader.writableFinished).toBe(true);
  });

  test.each([
    ['whose stream goes on', (events: EventWriter) => events.send('job', {})],
    ['whose stream is over', (events: EventWriter) => events.end()],
  ])('end the connection of a reader who takes nothing, %s', async (_, then) => {
    const reader = new SlowReader();
    const events = new EventWriter(reader, 10);
    events.send('job', { text: 'more than it holds' });
    then(events);
    await once(reader, 'close');
    expect(reader.taken).toEqual([]);
  });
});

const TEXTS = 1_000;
const TEXT_BYTES = 100_000;

test('an answer that is written faster than it is read is not kept for the reader text by text', async () => {
  const written = Promise.withResolvers<void>();
  const service = {
    ask: async (_: object, { onText }: { onText?: (text: string) => void } = {}) => {
      for (let n = 0; n < TEXTS; n++) {
        onText?.('x'.repeat(TEXT_BYTES));
        await new Promise((resolve) => setImmediate(resolve));
      }
      written.resolve();
      return cannedAnswer;
    },
  };
  await using server = await testServer({ service });
  const socket = connect(await server.listen(), '127.0.0.1').pause();
  const body = JSON.stringify({ question: 'Who?' });
  const head = ['POST /api/v1/query HTTP/1.1', 'Host: localhost', `Content-Length: ${body.length}`];
  const types = ['Content-Type: application/json', 'Accept: text/event-stream', 'Connection: close'];
  socket.write([...head, ...types, '', body].join('\r\n'));
  await written.promise;
  let bytes = 0;
  let last = '';
  for await (const piece of socket) {
    bytes += piece.length;
    last = `${last}${piece}`.slice(-10_000);
  }
  expect(last).toContain('event: answer');
  // What the system holds for a connection is some megabytes.
  expect(bytes).toBeLessThan((TEXTS * TEXT_BYTES) / 3);
});
