/** Questions on a real stack with a model that the test holds in its hands: text as it comes, kills, outages, caches. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ScriptoriumClient } from '../../client/index.ts';
import { buildSamples, booksFolder as samples } from '../../samples/build.ts';
import { streaming } from '../helpers/chat-server.ts';
import { type LocalServer, localServer, type Reply } from '../helpers/local-server.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { endProcess, workerPids } from '../helpers/stack-processes.ts';

const QUESTION = 'Why does the Tolland Low lighthouse stand on rails?';
const BOOK = 'lights-of-saint-orrin.pdf';

let home: TestHome;
let client: ScriptoriumClient;
let model: LocalServer;
let book: string;
let reply: Reply;

beforeAll(async () => {
  model = await localServer((request, response) => reply(request, response));
  home = await TestHome.create({
    ...{ OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_MODEL: 'a-model', SCRIPTORIUM_DAILY_TOKENS: '1000000' },
    ...{ SCRIPTORIUM_INPUT_PRICE_CENTS: '15', SCRIPTORIUM_OUTPUT_PRICE_CENTS: '60' },
  });
  await buildSamples();
  const books = join(home.folder, 'Books');
  book = join(books, BOOK);
  await mkdir(books);
  await copyFile(join(samples, BOOK), book);
  expect((await home.run('ingest', books)).code).toBe(0);
  client = await ScriptoriumClient.connect({ env: home.env });
}, 300_000);

afterAll(async () => {
  await client?.close();
  await home?.[Symbol.asyncDispose]();
  await model?.[Symbol.asyncDispose]();
}, 60_000);

const PIECES = ['The low light ', 'is moved ', 'to follow the channel [1].'];

describe('an answer of a model', () => {
  test('is shown as it comes, cites title and page with a quote, and tells its cost', async () => {
    const shown = PIECES.map(() => Promise.withResolvers<void>());
    // No piece comes before the one ahead of it was shown.
    reply = streaming(PIECES, { between: async (index) => await shown[index - 1]?.promise });
    const texts: string[] = [];
    const answer = await client.ask(QUESTION, {
      onText: (text) => {
        texts.push(text);
        shown[texts.length - 1]?.resolve();
      },
    });
    expect(texts.slice(0, 2)).toEqual(['The low light ', 'The low light is moved ']);
    expect(answer).toMatchObject({ answer: PIECES.join(''), mode: 'model', droppedClaims: 0 });
    expect(answer.usage).toEqual({ inputTokens: 70, outputTokens: 7, costCents: expect.closeTo(0.00147) });
    expect(answer.citations[0]).toMatchObject({ title: expect.stringContaining('Saint Orrin') });
    expect(answer.citations[0]?.page?.start).toBeGreaterThan(0);
    expect(answer.citations[0]?.quote.length).toBeGreaterThan(10);
  }, 60_000);

  test('is printed by `ask --stream` as it comes', async () => {
    const shown = Promise.withResolvers<void>();
    reply = streaming(PIECES, { between: async () => await shown.promise });
    const child = home.start('ask', 'Is the Tolland Low lighthouse moved on its rails?', '--stream');
    let printed = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.startsWith(PIECES[0] ?? '')) shown.resolve();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(0);
    expect(printed.split('\n')[0]).toBe(PIECES.join(''));
    expect(printed).toMatch(/\[1\] The Lights of Saint Orrin.*page/);
  }, 60_000);

  test('outlives kill -9 of the worker in its middle: the same workflow ends with it', async () => {
    const begun = Promise.withResolvers<void>();
    reply = (request, response) => {
      begun.resolve();
      streaming(PIECES, { end: 'hang' })(request, response);
    };
    const asked = client.ask('How is the Tolland Low lighthouse moved?', { deadlineMs: 110_000 });
    await begun.promise;
    const calls = model.bodies.length;
    const before = await workerPids(home.paths.stackFile);
    // The one that ingests, and the one that answers.
    expect(before).toHaveLength(2);
    reply = streaming(PIECES);
    for (const pid of before) endProcess(pid, 'SIGKILL');
    const answer = await asked;
    expect(answer).toMatchObject({ answer: PIECES.join(''), mode: 'model' });
    expect(answer.fallback).toBeUndefined();
    expect(model.bodies.length).toBe(calls + 1);
    expect(await workerPids(home.paths.stackFile)).not.toEqual(before);
  }, 150_000);

  test('that does not come in time is quoted inside the deadline', async () => {
    reply = streaming(PIECES, { end: 'hang' });
    const answer = await client.ask('What are the rails of Tolland Low?', { deadlineMs: 4_000 });
    expect(answer).toMatchObject({ mode: 'extractive', fallback: { code: 'ANSWER_MODEL_UNREACHABLE' } });
    expect(answer.citations).not.toEqual([]);
  }, 60_000);
});

describe('twenty who ask the same at once', () => {
  test('are answered by one workflow and one call of the model', async () => {
    let heard = 0;
    const all = Promise.withResolvers<void>();
    reply = streaming(PIECES, { between: async () => await all.promise });
    const calls = model.bodies.length;
    const onText = (): void => {
      heard += 1;
      if (heard === 20) all.resolve();
    };
    const asked = Array.from({ length: 20 }, () => client.ask('Who moves Tolland Low?', { onText }));
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ workflowId }) => workflowId)).size).toBe(1);
    expect(model.bodies.length).toBe(calls + 1);
  }, 60_000);
});

describe('the caches', () => {
  test('give an answer again, and are shown with the tokens of the day', async () => {
    reply = streaming(PIECES);
    expect((await client.ask('Where do the rails lead?')).cached).toBeUndefined();
    const calls = model.bodies.length;
    const again = await client.ask('Where do the rails  lead?');
    expect(again).toMatchObject({ answer: PIECES.join(''), cached: { kind: 'exact' } });
    expect(again.usage).toBeUndefined();
    expect(model.bodies.length).toBe(calls);
    const { stdout } = await home.run('cache');
    expect(stdout).toMatch(/answers to the same question \(worker\): \d+ kept\n {2}hits [1-9]/);
    expect(stdout).toMatch(/answers of the model, [\d,]+ tokens read/);
  }, 60_000);

  test('give it after a restart of the worker, from the store', async () => {
    const before = await workerPids(home.paths.stackFile);
    for (const pid of before) endProcess(pid, 'SIGKILL');
    const again = await client.ask('Where do the rails lead?');
    expect(again.cached).toMatchObject({ kind: 'semantic', question: 'Where do the rails lead?' });
  }, 60_000);

  test('are emptied', async () => {
    expect((await client.caches({ clear: true })).cleared).toBeGreaterThan(0);
    expect((await client.ask('Where do the rails lead?')).cached).toBeUndefined();
  }, 60_000);

  test('serve nothing of a book from the next question on once it was replaced, or removed', async () => {
    await client.ask('Where do the rails lead?');
    await copyFile(join(samples, 'marsh-survey.epub'), join(home.folder, 'Books', 'marsh-survey.epub'));
    await copyFile(join(samples, 'vellmar-tower-clock.pdf'), book);
    await (await client.ingest([join(home.folder, 'Books')])).result();
    const replaced = await client.ask('Where do the rails lead?');
    expect(replaced.cached).toBeUndefined();
    expect((await client.ask('Where do the rails lead?')).cached).toMatchObject({ kind: 'exact' });
    await client.remove(book);
    expect((await client.ask('Where do the rails lead?')).cached).toBeUndefined();
  }, 120_000);
});

test('a model that is gone is replaced by quotes, and the reason is printed', async () => {
  await model[Symbol.asyncDispose]();
  const { stdout, code } = await home.run('ask', 'What does the survey say of the marsh?');
  expect(code).toBe(0);
  expect(stdout).toContain('Quoted, not written: ANSWER_MODEL_UNREACHABLE');
  expect(stdout).toContain('“');
}, 60_000);
