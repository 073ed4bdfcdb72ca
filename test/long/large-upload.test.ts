/** A book of 200 MB that comes in over HTTP: no process holds it, half of one leaves nothing behind. */
import { openAsBlob } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ScriptoriumHttpClient } from '../../client/http/client.ts';
import { eventually } from '../helpers/eventually.ts';
import { writePaddedPdf } from '../helpers/padded-pdf.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { processMemory, workerPids } from '../helpers/stack-processes.ts';

const MB = 1024 * 1024;
const SIZE_MB = 200;
/** Far less than the book: buffers of the way through, and what a garbage collector has not yet taken. */
const MOST_GROWTH_MB = 80;
const SAMPLE_MS = 50;

let home: TestHome;
let url: string;
let book: string;

beforeAll(async () => {
  home = await TestHome.create({ SCRIPTORIUM_HTTP_ADDRESS: '127.0.0.1:0' });
  await home.json('up', '--detach');
  url = await home.addressOf('http');
  book = join(home.folder, 'large.pdf');
  await writePaddedPdf(book, 'The ferry of Oddny crosses at noon.', SIZE_MB);
}, 300_000);
afterAll(async () => await home?.[Symbol.asyncDispose](), 60_000);

/** Largest growth of each process of the stack while the work goes on, in MB. Its sandbox may hold a book. */
async function growthDuring(work: Promise<unknown>): Promise<readonly number[]> {
  const pids = await workerPids(home.paths.stackFile);
  const memory = () => Promise.all(pids.map(processMemory));
  const before = await memory();
  const most = [...before];
  const timer = setInterval(async () => {
    for (const [at, bytes] of (await memory()).entries()) most[at] = Math.max(most[at] ?? 0, bytes);
  }, SAMPLE_MS);
  await work.finally(() => clearInterval(timer));
  return most.map((bytes, at) => (bytes - (before[at] ?? 0)) / MB);
}

async function uploads(): Promise<readonly string[]> {
  const entries = await readdir(home.paths.uploads, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function form(): Promise<FormData> {
  const data = new FormData();
  data.append('file', await openAsBlob(book), 'large.pdf');
  return data;
}

describe('a book of 200 MB', () => {
  test('that breaks off half-way leaves nothing behind', async () => {
    const over = new AbortController();
    const sent = fetch(`${url}/api/v1/index?library=half`, {
      ...{ method: 'POST', body: await form(), signal: over.signal },
    });
    await eventually(async () => (await uploads()).length > 0, { everyMs: 1 });
    over.abort();
    await expect(sent).rejects.toThrow();
    await eventually(async () => (await uploads()).length === 0);
  }, 60_000);

  test('is kept, ingested and found, and no process holds it', async () => {
    const http = new ScriptoriumHttpClient({ url });
    // What is loaded for the first search is not the book's.
    await http.search({ query: 'ferry' }).catch(() => {});
    const growth = await growthDuring(
      (async () => {
        const sent = await fetch(`${url}/api/v1/index?library=large`, { method: 'POST', body: await form() });
        expect(sent.status).toBe(202);
      })(),
    );
    process.stderr.write(`a book of ${SIZE_MB} MB: ${growth.map((mb) => mb.toFixed(0)).join(' and ')} MB\n`);
    expect(growth).toHaveLength(2);
    for (const mb of growth) expect(mb).toBeLessThan(MOST_GROWTH_MB);
    await eventually(
      async () => {
        const { data } = await http.api.GET('/api/v1/books', { params: { query: { library: 'large' } } });
        return data?.books.some(({ state }) => state === 'ingested');
      },
      { everyMs: 500 },
    );
    const { hits } = await http.search({ query: 'When does the ferry cross?', library: 'large' });
    expect(hits[0]).toMatchObject({ text: expect.stringContaining('Oddny'), page: { start: 1 } });
  }, 180_000);
});
