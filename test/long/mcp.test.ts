/** `scriptorium mcp` over a real stack, with the official client of the protocol: every tool, progress, cancellation, pages. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { z } from 'zod';
import { ScriptoriumClient } from '../../client/index.ts';
import { isAlive } from '../../client/is-alive.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { streaming } from '../helpers/chat-server.ts';
import { eventually } from '../helpers/eventually.ts';
import { type LocalServer, localServer, type Reply } from '../helpers/local-server.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { toolCaller } from '../helpers/mcp-calls.ts';
import { TestHome } from '../helpers/scriptorium.ts';

const bin = fileURLToPath(new URL('../../bin/scriptorium.js', import.meta.url));
const QUESTION = 'Why does the Tolland Low lighthouse stand on rails?';
const BOOK = 'lights-of-saint-orrin.pdf';
const PIECES = ['The low light ', 'is moved ', 'to follow the channel [1].'];

let home: TestHome;
let books: string;
let model: LocalServer;
let reply: Reply = streaming(PIECES);
let to: Awaited<ReturnType<typeof connect>>;

/** The command as an assistant starts it. */
async function connect(...args: string[]) {
  const env = Object.fromEntries(
    Object.entries(home.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [bin, 'mcp', ...args], env, stderr: 'pipe' },
  });
  const client = new Client({ name: 'test', version: '1' });
  const broken: Error[] = [];
  // What is no protocol on the standard output is an error of the transport.
  client.onerror = (error) => broken.push(error);
  await client.connect(transport);
  await client.listTools();
  return { client, transport, broken, call: toolCaller(client) };
}

beforeAll(async () => {
  model = await localServer((request, response) => reply(request, response));
  home = await TestHome.create({ OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_MODEL: 'a-model' });
  await buildSamples();
  books = join(home.folder, 'Books');
  await mkdir(books);
  // With keys, paths are taken below roots only.
  home.env.SCRIPTORIUM_LIBRARY_ROOTS = home.folder;
  await copyFile(join(booksFolder, BOOK), join(books, BOOK));
  // No stack is up yet: the command starts it, and says hello meanwhile.
  to = await connect();
}, 120_000);

afterAll(async () => {
  await to?.client.close();
  await home?.[Symbol.asyncDispose]();
  await model?.[Symbol.asyncDispose]();
}, 60_000);

const jobSchema = z.object({ jobId: z.string(), state: z.string() });
const listed = z.object({
  books: z.array(z.object({ bookId: z.string(), title: z.string(), pages: z.number() })),
});
const cited = z.object({
  answer: z.string(),
  citations: z.array(
    z.object({
      bookId: z.string(),
      chunkId: z.string(),
      quote: z.string(),
      page: z.object({ start: z.number() }),
    }),
  ),
});
const hits = z.object({ hits: z.array(z.object({ title: z.string(), bookId: z.string() })) });

async function bookNow() {
  const [book] = listed.parse((await to.call('list_books', { title: 'orrin' })).data).books;
  if (!book) throw new Error('there is no book');
  return book;
}

describe('an assistant', () => {
  test('lists the tools before the stack is up', async () => {
    const { tools } = await to.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...['search', 'ask', 'list_books', 'explain', 'ingest', 'ingest_status'],
    ]);
  });

  test('ingests a folder, waits, and hears how far it is', async () => {
    const heard: string[] = [];
    const { text, data } = await to.call(
      'ingest',
      { paths: [books], wait: true },
      {
        timeout: 280_000,
        onprogress: ({ message = '' }) => heard.push(message),
      },
    );
    expect(text).toMatch(/^Job default~\S+: done\. 1 book: 1 ingested/);
    expect(heard[0]).toMatch(/^Job default~\S+: (waiting|running)/);
    const { jobId } = jobSchema.parse(data);
    const status = await to.call('ingest_status', { jobId });
    expect(status.data).toMatchObject({ jobId, state: 'done', result: { books: { ingested: 1 } } });
  }, 300_000);

  test('is told of a path that is not there, and of a job that is not', async () => {
    const missing = await to.call(
      'ingest',
      { paths: [join(books, 'missing')], wait: true },
      { timeout: 60_000 },
    );
    expect(missing.text).toMatch(/0 ingested, 0 unchanged, 1 failed[\s\S]*SOURCE_MISSING/);
    const unknown = await to.call('ingest_status', { jobId: 'default~0b0e3a52-7e0a-4d44-9d8e-2a1df0f1ad7a' });
    expect(unknown).toMatchObject({ isError: true, code: 'JOB_NOT_FOUND' });
  }, 90_000);

  test('lists the books, and reads their pages', async () => {
    const { bookId, pages } = await bookNow();
    const { resources } = await to.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([`scriptorium://books/${bookId}`]);
    const page = await to.client.readResource({ uri: `scriptorium://books/${bookId}/pages/2` });
    const [first] = page.contents;
    expect(first && 'text' in first ? first.text : '').toMatch(
      new RegExp(`^Quotation from .*page 2.* \\(2 of ${pages}\\):\\n\\n> \\S`),
    );
    await expect(
      to.client.readResource({ uri: `scriptorium://books/${bookId}/pages/${pages + 1}` }),
    ).rejects.toThrow(/PAGE_NOT_FOUND/);
  }, 60_000);

  test('searches', async () => {
    const { data, text } = await to.call('search', { query: 'a lighthouse on rails', topK: 3 });
    expect(hits.parse(data).hits[0]).toMatchObject({ bookId: (await bookNow()).bookId });
    expect(text).toMatch(/^1\. .*Saint Orrin.*pages? \d+[\s\S]*\n> /);
  }, 60_000);

  test('asks, and reads the text while it is written', async () => {
    const shown = PIECES.map(() => Promise.withResolvers<void>());
    reply = streaming(PIECES, { between: async (index) => await shown[index - 1]?.promise });
    const heard: string[] = [];
    const { data, text } = await to.call(
      'ask',
      { question: QUESTION },
      {
        onprogress: ({ message = '' }) => {
          heard.push(message);
          shown[heard.length - 1]?.resolve();
        },
      },
    );
    expect(heard.slice(0, 2)).toEqual(['The low light ', 'The low light is moved ']);
    const { answer, citations } = cited.parse(data);
    expect(answer).toBe(PIECES.join(''));
    expect(text).toMatch(/\n\[1\] .*Saint Orrin.*pages? \d+.*\n> /);
    const [citation] = citations;
    const explained = await to.call('explain', { id: citation?.chunkId ?? '' });
    expect(explained.data).toMatchObject({ kind: 'chunk', book: { bookId: citation?.bookId } });
    expect(explained.text).toContain('embedBook');
  }, 90_000);

  test('cancels a question: nobody follows it any more, and the next one is answered', async () => {
    reply = streaming(PIECES, { end: 'hang' });
    const cancel = new AbortController();
    const asked = to.call(
      'ask',
      { question: 'Who moves the lighthouse of Tolland Low?' },
      { signal: cancel.signal, onprogress: () => cancel.abort('enough') },
    );
    await expect(asked).rejects.toThrow(/enough/);
    reply = streaming(PIECES);
    const { data } = await to.call('ask', { question: 'What is moved along the channel?', extractive: true });
    expect(data).toMatchObject({ mode: 'extractive' });
  }, 90_000);

  test('cancels its waiting for an ingestion, which goes on', async () => {
    await writeLongBook(join(books, 'long.txt'), 60);
    const cancel = new AbortController();
    let jobId = '';
    const waiting = to.call(
      'ingest',
      { paths: [books], wait: true },
      {
        ...{ signal: cancel.signal, timeout: 120_000 },
        onprogress: ({ message = '' }) => {
          jobId = /^Job (\S+):/.exec(message)?.[1] ?? '';
          cancel.abort('enough');
        },
      },
    );
    await expect(waiting).rejects.toThrow(/enough/);
    const stateNow = async () => jobSchema.parse((await to.call('ingest_status', { jobId })).data).state;
    await eventually(async () => !['waiting', 'running'].includes(await stateNow()), {
      everyMs: 500,
      forMs: 200_000,
    });
    expect(await stateNow()).toBe('done');
    expect((await to.call('list_books')).text).toContain('long');
  }, 240_000);

  test('that may only read has no tool to ingest, and sees its libraries alone', async () => {
    const reader = await connect('--read-only', '--library', 'nowhere');
    const { tools } = await reader.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['search', 'ask', 'list_books', 'explain']);
    expect((await reader.call('list_books', { library: 'default' })).code).toBe('FORBIDDEN');
    expect((await reader.call('list_books')).text).toBe('There are no such books.');
    await reader.client.close();
  }, 60_000);

  test('finds its books again after the stack was stopped: it starts another one, and forgets the former', async () => {
    const before = await bookNow();
    expect((await home.run('down')).code).toBe(0);
    expect(await bookNow()).toEqual(before);
    expect((await home.run('status')).code).toBe(0);
  }, 90_000);

  test('heard nothing on the standard output that was no protocol', () => {
    expect(to.broken).toEqual([]);
  });

  test('that goes away ends the command', async () => {
    const { pid } = to.transport;
    await to.client.close();
    await eventually(() => !isAlive(pid ?? 0));
    await using client = await ScriptoriumClient.connect({ env: home.env });
    expect(await client.books()).toHaveLength(2);
  }, 30_000);
});

describe('an assistant over HTTP', () => {
  let over: Awaited<ReturnType<typeof connectByHttp>>;

  async function connectByHttp(key: string) {
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', await home.addressOf('http')), {
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);
    await client.listTools();
    return { client, call: toolCaller(client) };
  }

  beforeAll(async () => {
    const { stdout } = await home.run('keys', 'add', 'assistant', '--scope', 'ask', '--scope', 'ingest');
    // The server looks for new keys every second.
    over = await eventually(() => connectByHttp(stdout.trim()).catch(() => null), { everyMs: 500 });
  }, 60_000);
  afterAll(async () => await over?.client.close());

  test('is refused without the right key', async () => {
    await expect(connectByHttp('scr_wrong')).rejects.toThrow(/401|UNAUTHORIZED/);
  }, 30_000);

  test('calls every tool, and reads a page', async () => {
    const { tools } = await over.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...['search', 'ask', 'list_books', 'explain', 'ingest', 'ingest_status'],
    ]);
    const heard: string[] = [];
    const ingested = await over.call(
      'ingest',
      { paths: [books], wait: true },
      { timeout: 60_000, onprogress: ({ message = '' }) => heard.push(message) },
    );
    expect(ingested.text).toMatch(/: done\. 2 books: 0 ingested, 2 unchanged/);
    expect(heard[0]).toMatch(/^Job default~\S+: (waiting|running)/);
    const { jobId } = jobSchema.parse(ingested.data);
    expect((await over.call('ingest_status', { jobId })).data).toMatchObject({ jobId, state: 'done' });
    const [book] = listed.parse((await over.call('list_books', { title: 'orrin' })).data).books;
    const found = await over.call('search', { query: 'a lighthouse on rails', topK: 3 });
    expect(hits.parse(found.data).hits[0]).toMatchObject({ bookId: book?.bookId });
    expect((await over.call('explain', { id: book?.bookId ?? '' })).data).toMatchObject({ kind: 'book' });
    const page = await over.client.readResource({ uri: `scriptorium://books/${book?.bookId}/pages/2` });
    expect(page.contents).toHaveLength(1);
  }, 90_000);

  test('reads an answer while it is written, cancels another, and is answered again', async () => {
    const heard = Promise.withResolvers<string>();
    reply = streaming(PIECES, { between: async (index) => void (index === 1 && (await heard.promise)) });
    const question = 'What was the low light put on rails for?';
    const { data } = await over.call(
      'ask',
      { question },
      { onprogress: ({ message = '' }) => heard.resolve(message) },
    );
    expect(cited.parse(data).answer).toBe(PIECES.join(''));
    expect(await heard.promise).toBe(PIECES[0]);
    reply = streaming(PIECES, { end: 'hang' });
    const cancel = new AbortController();
    const asked = over.call(
      'ask',
      { question: 'Whose lighthouse follows the channel?' },
      { signal: cancel.signal, onprogress: () => cancel.abort('enough') },
    );
    await expect(asked).rejects.toThrow(/enough/);
    reply = streaming(PIECES);
    const again = await over.call('ask', { question: 'Which channel is followed?', extractive: true });
    expect(again.data).toMatchObject({ mode: 'extractive' });
  }, 90_000);
});
