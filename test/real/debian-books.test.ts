/**
 * Books that others wrote, out of Debian's packages, on a real stack: one manual as PDF, EPUB and HTML, each of which must hold
 * what its plain text says, and manuals of R, whose passages must stand on the pages that are told. Pages are read by pdf.js,
 * which has no part in reading them for the library.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PDFParse } from 'pdf-parse';
import { type PageRange, ScriptoriumClient } from '../../client/index.ts';
import { fileOfPackage } from '../helpers/debian-package.ts';
import { type Outcome, TestHome } from '../helpers/scriptorium.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';
import { shareOfWords, wordsOf } from '../helpers/words-alike.ts';

const LIBRARY = 'debian';
const MANUAL = 'usr/share/developers-reference/developers-reference';
const FORMATS = ['pdf', 'epub', 'html'] as const;
const OF_R = ['R-intro', 'R-FAQ', 'R-data'];
const PDFS = ['developers-reference.pdf', ...OF_R.map((name) => `${name}.pdf`)];
/** Paragraphs that are looked for. */
const SAMPLED = 40;
/** What has less is a heading, an entry of a list or a line of code. */
const LEAST_WORDS = 25;
/** So much of a paragraph is looked for, and must be found with its rest. */
const QUERY_CHARACTERS = 300;

(existsSync('/usr/bin/apt-get') ? describe : describe.skip)('real books', () => {
  let home: TestHome;
  let folder: TempFolder;
  let client: ScriptoriumClient;
  let outcome: Outcome;
  let paragraphs: readonly string[];
  const pages = new Map<string, readonly string[]>();

  beforeAll(async () => {
    folder = await tempFolder();
    for (const format of FORMATS) await write('developers-reference', `${MANUAL}.${format}`);
    for (const name of OF_R) await write('r-doc-pdf', `usr/share/R/doc/manual/${name}.pdf`);
    for (const file of PDFS) pages.set(file, await pagesOf(join(folder.path, file)));
    const text = gunzipSync(await fileOfPackage('developers-reference', `${MANUAL}.txt.gz`)).toString();
    paragraphs = sampled(paragraphsOf(text), SAMPLED);
    home = await TestHome.create();
    outcome = await home.run('ingest', folder.path, '--library', LIBRARY);
    client = await ScriptoriumClient.connect({ env: home.env });
  }, 600_000);

  afterAll(async () => {
    await client?.close();
    await home?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  }, 60_000);

  async function write(name: string, file: string): Promise<void> {
    await writeFile(join(folder.path, basename(file)), await fileOfPackage(name, file));
  }

  /** Of the pages that are told, and no others. */
  function textOf(path: string, page: PageRange | null): string {
    if (!page) throw new Error(`${path} has no page`);
    return (pages.get(basename(path)) ?? []).slice(page.start - 1, page.end).join('\n');
  }

  test('are ingested with all their pages, and verify finds nothing', async () => {
    expect(outcome).toMatchObject({ code: 0 });
    const books = await client.books({ library: LIBRARY });
    expect(books.map(({ state }) => state)).toEqual(Array(FORMATS.length + OF_R.length).fill('ingested'));
    for (const file of PDFS)
      expect(books.find(({ path }) => basename(path) === file)?.pages).toBe(pages.get(file)?.length);
    expect(await client.verify({ library: LIBRARY })).toMatchObject({ books: books.length, faultyBooks: 0 });
  });

  test.each(FORMATS)('as %s hold each paragraph of the plain text, and find it', async (format) => {
    const lost: string[] = [];
    for (const paragraph of paragraphs) {
      const { hits } = await client.search(paragraph.slice(0, QUERY_CHARACTERS), {
        ...{ library: LIBRARY, topK: 3, filters: { format } },
      });
      const best = Math.max(0, ...hits.map(({ text }) => shareOfWords(paragraph, text)));
      if (best < 0.9) lost.push(`${best.toFixed(2)}: ${paragraph}`);
    }
    expect(paragraphs).toHaveLength(SAMPLED);
    expect(lost).toEqual([]);
  });

  test('have each passage on the pages that are told', async () => {
    const elsewhere: string[] = [];
    let looked = 0;
    for (const paragraph of paragraphs) {
      const { hits } = await client.search(paragraph.slice(0, QUERY_CHARACTERS), {
        ...{ library: LIBRARY, neighbours: 0, filters: { format: 'pdf' } },
      });
      for (const { path, page, text } of hits) {
        looked += 1;
        const share = shareOfWords(text, textOf(path, page));
        if (share < 0.9)
          elsewhere.push(`${share.toFixed(2)}: ${basename(path)} ${page?.start}–${page?.end}: ${text}`);
      }
    }
    expect(looked).toBeGreaterThan(SAMPLED * 5);
    expect(elsewhere).toEqual([]);
  });

  test.each([
    ['Which function reads a data frame from a file?', /read\.table|data frame/],
    ['How can I create an R package?', /package/i],
    ['What is a non-maintainer upload?', /NMU|non-maintainer/i],
  ])('answer %s with quotes of the pages that they cite', async (question, words) => {
    const { answer, citations } = await client.ask(question, {
      library: LIBRARY,
      filters: { format: 'pdf' },
    });
    expect(answer).toMatch(words);
    expect(citations).not.toEqual([]);
    for (const { path, page, quote } of citations)
      expect({ quote, share: shareOfWords(quote, textOf(path, page)) >= 0.9 }).toEqual({
        quote,
        share: true,
      });
  });
});

async function pagesOf(file: string): Promise<string[]> {
  const pdf = new PDFParse({ data: new Uint8Array(await readFile(file)) });
  const { pages } = await pdf.getText();
  await pdf.destroy();
  return pages.map(({ text }) => text);
}

/** Those of prose, each on one line. */
function paragraphsOf(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((each) => each.replaceAll(/\s+/g, ' ').trim())
    .filter((each) => wordsOf(each).length >= LEAST_WORDS && each.endsWith('.'));
}

/** So many of them, from the first to the last part of the book. */
function sampled<T>(all: readonly T[], count: number): T[] {
  return all.filter(
    (_, at) => Math.floor((at * count) / all.length) < Math.floor(((at + 1) * count) / all.length),
  );
}
