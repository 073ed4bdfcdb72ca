/** What a person does: ingests the sample books and some that are broken, asks, searches, replaces, asks again. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { errorRegistry, isErrorCode } from '../../activities/errors.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { readQuestions } from '../../samples/questions.ts';
import { faultsIn } from '../chaos/kill-run.ts';
import { brokenBooks, pdfWithDamagedPage, writeBrokenBooks } from '../helpers/broken-books.ts';
import { TestHome } from '../helpers/scriptorium.ts';

const counts = z.object({
  total: z.number(),
  ingested: z.number(),
  unchanged: z.number(),
  failed: z.number(),
  cancelled: z.number(),
});
const failure = z.object({
  path: z.string(),
  stage: z.string(),
  code: z.string(),
  message: z.string(),
  attempts: z.number(),
});
const ingested = z.object({
  workflowId: z.string(),
  library: z.string(),
  books: counts,
  chunks: z.number(),
  failures: z.array(failure),
  seconds: z.number(),
});
const page = z.object({ start: z.number(), end: z.number() }).nullable();
const hit = z.object({
  score: z.number(),
  text: z.string(),
  title: z.string(),
  author: z.string().nullable(),
  page,
  section: z.array(z.string()),
  path: z.string(),
  bookId: z.string(),
  chunkId: z.string(),
});
const found = z.object({ hits: z.array(hit), timings: z.record(z.string(), z.number()) });
const answered = z.object({
  answer: z.string(),
  citations: z.array(
    z.object({
      n: z.number(),
      title: z.string(),
      page,
      section: z.array(z.string()),
      path: z.string(),
      chunkId: z.string(),
      quote: z.string(),
    }),
  ),
  mode: z.literal('extractive'),
  timings: z.record(z.string(), z.number()),
  workflowId: z.string(),
});
const listed = z.object({
  books: z.array(
    z.object({
      bookId: z.string(),
      path: z.string(),
      title: z.string().nullable(),
      author: z.string().nullable(),
      state: z.string(),
      pages: z.number(),
      unreadable: z.number().optional(),
      chunks: z.number(),
      revision: z.string().nullable(),
      failure: z
        .object({ stage: z.string(), code: z.string(), message: z.string(), attempts: z.number() })
        .nullable(),
    }),
  ),
});

let home: TestHome;
let folder: string;

beforeAll(async () => {
  await buildSamples();
  home = await TestHome.create();
  folder = join(home.folder, 'my books — "quoted" 📚');
  await cp(booksFolder, folder, { recursive: true });
}, 120_000);
afterAll(async () => await home[Symbol.asyncDispose](), 60_000);

async function ingest(...args: string[]) {
  const { code, result } = await home.json('ingest', ...args);
  return { code, ...ingested.parse(result) };
}

describe('the sample books', () => {
  test('are all ingested, by a command that starts the stack itself', async () => {
    const { code, books, failures } = await ingest(folder);
    expect(failures).toEqual([]);
    expect(books).toEqual({ total: 8, ingested: 8, unchanged: 0, failed: 0, cancelled: 0 });
    expect(code).toBe(0);
  }, 300_000);

  test('are skipped when nothing changed', async () => {
    const { code, books, chunks } = await ingest(folder);
    expect(books).toMatchObject({ ingested: 0, unchanged: 8 });
    expect({ code, chunks }).toEqual({ code: 0, chunks: 0 });
  }, 60_000);

  test('are found by what they say, on the right page', async () => {
    const { questions } = await readQuestions();
    const misses: string[] = [];
    for (const { question, book, page: wanted, mustContain } of questions) {
      const { result } = await home.json('search', question, '--top-k', '5');
      const right = found
        .parse(result)
        .hits.some(
          ({ path, text, page: at }) =>
            basename(path) === book &&
            oneLine(text).includes(oneLine(mustContain)) &&
            (wanted === undefined || (at !== null && at.start <= wanted && wanted <= at.end)),
        );
      if (!right) misses.push(question);
    }
    // Recall@5 of the plain dense search; better retrieval is measured elsewhere.
    expect(misses.length).toBeLessThanOrEqual(Math.floor(questions.length * 0.15));
  }, 240_000);

  test('answer a question with quotes that stand in their passages, and pages', async () => {
    const { code, result } = await home.json('ask', 'Why does the Tolland Low lighthouse stand on rails?');
    const { answer, citations } = answered.parse(result);
    expect(code).toBe(0);
    expect(citations[0]).toMatchObject({
      title: expect.stringContaining('Saint Orrin'),
      page: { start: expect.any(Number) },
    });
    expect(answer).toContain('[1]');
    const passages = found.parse(
      (await home.json('search', 'Why does the Tolland Low lighthouse stand on rails?')).result,
    ).hits;
    for (const { chunkId, quote } of citations)
      expect(passages.find((passage) => passage.chunkId === chunkId)?.text).toContain(quote);
  }, 60_000);

  test('answer for people with title, page and a link', async () => {
    const { stdout, code } = await home.run('ask', 'Why does the Tolland Low lighthouse stand on rails?');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\[1\] .*Saint Orrin.*page/);
    expect(stdout).toContain('file://');
  }, 60_000);

  test('are listed with pages, chunks and revision', async () => {
    const { books } = listed.parse((await home.json('books')).result);
    expect(books).toHaveLength(8);
    for (const book of books)
      expect(book).toMatchObject({ state: 'ingested', failure: null, revision: expect.any(String) });
    expect(books.every(({ pages, chunks, title }) => pages > 0 && chunks > 0 && title)).toBe(true);
  }, 60_000);
});

describe('a book that was replaced', () => {
  test('is the only one ingested again, and nothing of its old text is found', async () => {
    const path = join(folder, 'letters-from-the-salt-road.txt');
    const text = await readFile(path, 'utf8');
    const replaced = `${text.slice(0, text.length / 2)}\n\nThe zeppelin Hortensia landed behind the salt barn at noon.\n`;
    await writeFile(path, replaced);
    const { books } = await ingest(folder);
    expect(books).toMatchObject({ ingested: 1, unchanged: 7, failed: 0 });
    const { hits } = found.parse((await home.json('search', 'the salt road', '--top-k', '100')).result);
    const texts = hits.filter((one) => one.path === path).map((one) => oneLine(one.text));
    expect(texts.some((one) => one.includes('Hortensia'))).toBe(true);
    const oldSentences = oneLine(text.slice(text.length / 2))
      .split('. ')
      .slice(1, -1)
      .filter((sentence) => sentence.length > 30);
    expect(oldSentences.length).toBeGreaterThan(20);
    expect(oldSentences.filter((sentence) => texts.some((one) => one.includes(sentence)))).toEqual([]);
  }, 60_000);
});

describe('what can not be ingested', () => {
  test('is named with a code and a remedy, and the other books are ingested', async () => {
    const bad = join(home.folder, 'bad books');
    await mkdir(join(bad, 'empty'), { recursive: true });
    await mkdir(join(bad, 'pictures'));
    await mkdir(join(bad, 'broken'));
    await writeFile(join(bad, 'pictures', 'cover.png'), 'not a book');
    const files = await writeBrokenBooks(join(bad, 'broken'));
    await symlink('loop-b.txt', join(bad, 'broken', 'loop-a.txt'));
    await symlink('loop-a.txt', join(bad, 'broken', 'loop-b.txt'));
    await symlink('.', join(bad, 'broken', 'itself'));
    const names = ['line\nbreak.txt', `it's a "quoted" 🦉.md`, `${'n'.repeat(251)}.txt`];
    for (const name of names)
      await writeFile(
        join(bad, 'broken', name),
        `The owl ${names.indexOf(name)} sleeps in the tower by day.`,
      );

    const { code, books, failures } = await ingest(
      ...[join(bad, 'broken'), join(bad, 'missing'), join(bad, 'empty'), join(bad, 'pictures')],
      ...['--library', 'bad'],
    );
    expect(code).toBe(3);
    const codes = new Map(failures.map((item) => [item.path, item.code]));
    const wanted = new Map<string, string | readonly string[]>([
      ...brokenBooks.map(({ name, code: wantedCode }) => [files.get(name) ?? name, wantedCode] as const),
      [join(bad, 'missing'), 'SOURCE_MISSING'],
      [join(bad, 'empty'), 'NO_BOOKS_FOUND'],
      [join(bad, 'pictures'), 'NO_BOOKS_FOUND'],
      [join(bad, 'broken', 'loop-a.txt'), 'SYMLINK_LOOP'],
      [join(bad, 'broken', 'loop-b.txt'), 'SYMLINK_LOOP'],
      [join(bad, 'broken', 'itself'), 'SYMLINK_LOOP'],
    ]);
    expect(Object.fromEntries([...codes].filter(([path]) => wanted.has(path)))).toEqual(
      Object.fromEntries(wanted),
    );
    for (const item of failures) {
      expect(isErrorCode(item.code)).toBe(true);
      if (isErrorCode(item.code)) expect(item.message).toContain(errorRegistry[item.code].remedy);
    }
    expect(books.ingested).toBe(names.length);
    expect(books.failed).toBe(failures.length);
    const { books: remembered } = listed.parse((await home.json('failures', '--library', 'bad')).result);
    expect(remembered.map((book) => book.path).sort()).toEqual(failures.map((item) => item.path).sort());
  }, 240_000);

  test('in part is told of wherever the book is, and the rest can be searched', async () => {
    const path = join(home.folder, 'damp.pdf');
    await writeFile(path, await pdfWithDamagedPage(5, 3));
    const library = ['--library', 'damp'];
    const { code, stdout } = await home.run('ingest', path, ...library);
    expect(code).toBe(0);
    expect(stdout).toContain('1 book is damaged in part');
    expect((await home.run('books', ...library)).stdout).toContain(
      'its file is damaged: nothing of 1 page or part can be found',
    );
    const [book] = listed.parse((await home.json('books', ...library)).result).books;
    expect(book).toMatchObject({ state: 'ingested', pages: 5, unreadable: 1 });
    expect((await home.run('explain', book?.bookId ?? '')).stdout).toContain('1 page or part');
    const hits = found.parse((await home.json('search', 'page 4 of the keeper', ...library)).result).hits;
    expect(hits.some((one) => one.text.includes('Page 4 tells'))).toBe(true);
  }, 60_000);

  test('wrong usage ends with exit code 2 and says what is wrong', async () => {
    for (const [args, said] of [
      [['ingest'], "missing required argument 'path'"],
      [['ingest', folder, '--parallel', '0'], 'parallel'],
      [['ingest', folder, '--library', '../x'], 'library'],
      [['search', ''], 'query'],
      [['ask', 'x'.repeat(9_000)], 'question'],
      [['unknown'], 'unknown command'],
      [['search', 'x', '--top-k', 'many'], 'whole number'],
    ] as const) {
      const { code, stderr, stdout } = await home.run(...args);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toContain(said);
    }
  }, 60_000);

  test('a library that does not exist is an error, not an empty answer', async () => {
    const { code, stderr } = await home.run('ask', 'Anything?', '--library', 'nowhere');
    expect(code).toBe(1);
    expect(stderr).toContain('LIBRARY_NOT_FOUND');
  }, 30_000);
});

describe('afterwards', () => {
  test('the store holds exactly the chunks of every book', async () => {
    expect((await home.run('down')).code).toBe(0);
    expect(await faultsIn(home.paths.store)).toEqual([]);
  }, 60_000);

  test('Ctrl-C ends the watching, not the run', async () => {
    await writeFile(join(folder, 'new.txt'), 'A heron stood on the weir the whole morning.');
    const child = home.start('ingest', folder, '--parallel', '1');
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      const before = said;
      said += chunk.toString();
      if (isWatching(said) && !isWatching(before)) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    // A run this small may be over before the signal comes.
    expect([130, 0]).toContain(code);
    // The same command again joins the run, or finds it done.
    const { books } = await ingest(folder);
    expect({ done: books.ingested + books.unchanged, total: books.total }).toEqual({ done: 9, total: 9 });
  }, 120_000);
});

/** Progress is shown only after Ctrl-C has its meaning. */
function isWatching(said: string): boolean {
  return said.includes('looking for books') || said.includes('of 9 books');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
