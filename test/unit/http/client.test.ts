/** The HTTP client behind a proxy, and with answers that break off or are none. */
import { describe, expect, test } from '@jest/globals';
import { errorRegistry } from '../../../activities/errors.ts';
import { ScriptoriumHttpClient, ScriptoriumHttpError } from '../../../client/http/client.ts';
import { cannedAnswer, JOB_UUID, jobOf } from '../../helpers/http-server.ts';

const events = (...sent: readonly (readonly [string, object])[]) =>
  new Response(sent.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });

function clientOf(answer: () => Response, url = 'https://host.example/books/') {
  const asked: string[] = [];
  const fetched: typeof fetch = async (input) => {
    asked.push(input instanceof Request ? input.url : String(input));
    return answer();
  };
  return { client: new ScriptoriumHttpClient({ url, fetch: fetched }), asked };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

const ended = { ...jobOf('sea', []), state: 'done', endedAtMs: 5, progress: null };

describe('behind a proxy that has a folder for it', () => {
  const calls: readonly (readonly [
    string,
    () => Response,
    (client: ScriptoriumHttpClient) => unknown,
    string,
  ])[] = [
    ['ask', () => Response.json(cannedAnswer), (client) => client.ask({ question: 'a' }), 'query'],
    [
      'askStream',
      () => events(['answer', cannedAnswer]),
      (client) => all(client.askStream({ question: 'a' })),
      'query',
    ],
    [
      'search',
      () => Response.json({ hits: [], timings: {} }),
      (client) => client.search({ query: 'a' }),
      'search',
    ],
    [
      'upload',
      () => Response.json(ended),
      (client) => client.upload([new File(['a'], 'a.txt')], { library: 'sea' }),
      'index?library=sea',
    ],
    [
      'watch',
      () => events(['job', ended]),
      (client) => all(client.watch(`sea~${JOB_UUID}`)),
      `status/sea~${JOB_UUID}`,
    ],
    ['books', () => Response.json({ books: [], next: null }), (client) => all(client.books()), 'books'],
  ];
  test.each(calls)('%s finds its address', async (_, answer, call, path) => {
    const { client, asked } = clientOf(answer);
    await call(client);
    expect(asked).toEqual([`https://host.example/books/api/v1/${path}`]);
  });
});

describe('what is no whole answer is an error of the registry', () => {
  const text = ['text', { text: 'Agnes' }] as const;
  const html = () => new Response('<html>Bad gateway</html>', { status: 502 });
  const calls: readonly (readonly [
    string,
    () => Response,
    (client: ScriptoriumHttpClient) => Promise<unknown>,
    RegExp,
  ])[] = [
    [
      'an answer that breaks off',
      () => events(text),
      (client) => all(client.askStream({ question: 'a' })),
      /broke off before the answer/,
    ],
    [
      'a stream of nothing',
      () => events(),
      (client) => all(client.askStream({ question: 'a' })),
      /broke off/,
    ],
    [
      'a job that is not at its end',
      () => events(['job', { ...ended, endedAtMs: null }]),
      (client) => all(client.watch('a')),
      /broke off before the end of the job/,
    ],
    ['a page of a proxy', html, (client) => client.ask({ question: 'a' }), /502/],
    ['a page of a proxy for a list', html, (client) => client.search({ query: 'a' }), /502/],
    [
      'a page that says that all is well',
      () => new Response('<html>'),
      (client) => client.ask({ question: 'a' }),
      /200/,
    ],
  ];
  test.each(calls)('%s', async (_, answer, call, detail) => {
    const error = await call(clientOf(answer).client).catch((thrown: unknown) => thrown);
    if (!(error instanceof ScriptoriumHttpError)) throw new Error(`It was ${error}`);
    expect(error.code).toBe('RESPONSE_UNREADABLE');
    expect(error.problem.detail).toMatch(detail);
    const { meaning, remedy } = errorRegistry.RESPONSE_UNREADABLE;
    expect(error.problem).toMatchObject({ title: meaning, remedy });
  });

  test('a stream that has its answer has no error, and one that is left early neither', async () => {
    const whole = await all(
      clientOf(() => events(text, ['answer', cannedAnswer])).client.askStream({ question: 'a' }),
    );
    expect(whole.map(({ kind }) => kind)).toEqual(['text', 'answer']);
    for await (const event of clientOf(() => events(text, text)).client.askStream({ question: 'a' })) {
      expect(event.kind).toBe('text');
      break;
    }
  });
});
