/** HTTP against the real stack: what is handed in is ingested whatever is killed, and what is asked is answered with its page. */
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ScriptoriumHttpClient, ScriptoriumHttpError } from '../../client/http/client.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { makeZip } from '../helpers/broken-books.ts';
import { eventually } from '../helpers/eventually.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { descendantsOf, workerPids } from '../helpers/stack-processes.ts';

let home: TestHome;
let url: string;

beforeAll(async () => {
  await buildSamples();
  home = await TestHome.create({ SCRIPTORIUM_HTTP_ADDRESS: '127.0.0.1:0' });
  await home.json('up', '--detach');
  url = await home.addressOf('http');
}, 300_000);
afterAll(async () => await home[Symbol.asyncDispose](), 60_000);

const client = (apiKey?: string): ScriptoriumHttpClient =>
  new ScriptoriumHttpClient({ url, ...(apiKey && { apiKey }) });

async function sample(name: string, as = name): Promise<File> {
  return new File([await readFile(join(booksFolder, name))], as);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('books over HTTP', () => {
  test('an upload becomes a book, watched to its end, and answers come with the page and its text', async () => {
    const http = client();
    const { jobId } = await http.upload([await sample('vellmar-tower-clock.pdf')], { library: 'clocks' });
    const seen = [];
    for await (const job of http.watch(jobId)) seen.push(job);
    expect(seen.at(-1)).toMatchObject({ state: 'done', result: { books: { ingested: 1, failed: 0 } } });

    const events = [];
    for await (const event of http.askStream({ question: 'How is the clock wound?', library: 'clocks' }))
      events.push(event);
    expect(events[0]).toEqual({ kind: 'stage', stage: 'searching' });
    const last = events.at(-1);
    if (last?.kind !== 'answer') throw new Error('no answer');
    const [first] = last.answer.citations;
    if (!first?.bookId || !first.page) throw new Error('no citation with a page');
    const { data: page } = await http.api.GET('/api/v1/books/{id}/pages/{n}', {
      params: { path: { id: first.bookId, n: first.page.start } },
    });
    const plain = (text: string): string => text.replaceAll(/\s+/g, ' ');
    expect(plain(page?.text ?? '')).toContain(plain(first.quote).slice(0, 60));

    const again = await http.ask({ question: 'How is the clock wound?', library: 'clocks' });
    expect(again.cached?.kind).toBe('exact');
    const { hits } = await http.search({ query: 'winding the clock', library: 'clocks' });
    expect(hits.length).toBeGreaterThan(0);
  }, 120_000);

  test('a job of paths, and what it cannot read, named with a remedy', async () => {
    const http = client();
    const { data: job } = await http.api.POST('/api/v1/index', {
      body: { paths: ['/no/such/folder'], library: 'nowhere' },
      headers: { 'Idempotency-Key': 'once' },
      params: {},
    });
    const { data: same } = await http.api.POST('/api/v1/index', {
      body: { paths: ['/no/such/folder'], library: 'nowhere' },
      headers: { 'Idempotency-Key': 'once' },
      params: {},
    });
    expect(same?.jobId).toBe(job?.jobId);
    const seen = [];
    for await (const each of http.watch(job?.jobId ?? '')) seen.push(each);
    expect(seen.at(-1)?.result?.failures).toMatchObject([
      { path: '/no/such/folder', code: 'SOURCE_MISSING' },
    ]);
    const { data: failed } = await http.api.GET('/api/v1/failures', {
      params: { query: { library: 'nowhere' } },
    });
    expect(failed?.failures).toMatchObject([
      {
        failure: { code: 'SOURCE_MISSING' },
        remedy: expect.stringContaining('Check the path'),
      },
    ]);
    const { error } = await http.api.POST('/api/v1/index', {
      body: { paths: ['/another'], library: 'nowhere' },
      headers: { 'Idempotency-Key': 'once' },
      params: {},
    });
    expect(error).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', status: 409 });
  }, 60_000);

  test('an upload that the server answered with 202 is ingested, though every process is killed at once', async () => {
    const { jobId } = await client().upload([await sample('bees-of-the-high-terraces.md')], {
      library: 'killed',
    });
    for (const pid of await workerPids(home.paths.stackFile)) {
      for (const each of [pid, ...(await descendantsOf(pid))]) kill(each);
    }
    url = await eventually(async () => {
      // Until it is there again, nothing has an address.
      const address = await home.addressOf('http').catch(() => null);
      const ready = address === null ? null : await fetch(`${address}/health/ready`).catch(() => null);
      return ready?.ok && address;
    });
    const seen = [];
    for await (const job of client().watch(jobId)) seen.push(job);
    expect(seen.at(-1)).toMatchObject({ state: 'done', result: { books: { ingested: 1, failed: 0 } } });
  }, 180_000);

  test('an upload that breaks off leaves nothing behind', async () => {
    const { hostname, port } = new URL(url);
    const before = await filesBelow(home.paths.uploads);
    const socket = connect(Number(port), hostname);
    const head = [
      'POST /api/v1/index?library=half HTTP/1.1',
      `Host: ${hostname}:${port}`,
      'Content-Length: 9999999',
    ];
    const body = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7';
    socket.write([...head, 'Content-Type: multipart/form-data; boundary=b', '', body].join('\r\n'));
    await eventually(async () => (await filesBelow(home.paths.uploads)).length > before.length);
    socket.destroy();
    await eventually(async () => (await filesBelow(home.paths.uploads)).length === before.length);
  }, 30_000);

  test('a zip of zips is no book, and nothing of it stays', async () => {
    const before = await filesBelow(home.paths.uploads);
    const inner = await makeZip({ 'a.txt': 'a'.repeat(1_000_000) });
    const zips = await makeZip(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${n}.zip`, inner])));
    const data = new FormData();
    data.append('file', new Blob([new Uint8Array(zips)]), 'zips.zip');
    const sent = await fetch(`${url}/api/v1/index?library=zips`, { method: 'POST', body: data });
    expect(await sent.json()).toMatchObject({ code: 'UNSUPPORTED_FORMAT', status: 415 });
    expect(await filesBelow(home.paths.uploads)).toEqual(before);
  }, 30_000);
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

describe('keys', () => {
  const made = z.object({ key: z.string(), id: z.string() });

  test('the first key closes the door within a second, its revocation as well', async () => {
    await client().search({ query: 'clock' });
    const { result } = await home.json('keys', 'add', 'reader', '--scope', 'ask', '--library', 'clocks');
    const { key, id } = made.parse(result);
    await delay(1_000);
    await expect(client().search({ query: 'clock' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const mine = client(key);
    expect((await mine.search({ query: 'clock' })).hits.length).toBeGreaterThan(0);
    await expect(mine.search({ query: 'clock', library: 'killed' })).rejects.toBeInstanceOf(
      ScriptoriumHttpError,
    );
    await expect(mine.upload([await sample('bees-of-the-high-terraces.md')])).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await home.json('keys', 'add', 'boss', '--scope', 'admin');
    await home.json('keys', 'revoke', id);
    await delay(1_000);
    await expect(mine.search({ query: 'clock' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await home.json('keys', 'revoke', 'boss');
  }, 60_000);

  test('every change stands in the log, and no key', async () => {
    const log = await readFile(join(home.paths.logs, 'http.log'), 'utf8');
    const changes = log
      .split('\n')
      .filter((line) => line.includes('"audit":true'))
      .map((line): unknown => JSON.parse(line));
    expect(changes).toContainEqual(expect.objectContaining({ action: 'index upload', library: 'clocks' }));
    expect(log).not.toMatch(/scr_[a-z0-9]{8}_/);
  });
});
