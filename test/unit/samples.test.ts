import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Parser } from 'htmlparser2';
import mammoth from 'mammoth';
import { PDFParse } from 'pdf-parse';
import { bookFormats } from '../../activities/ports/documents.ts';
import { type BuiltBook, buildSamples } from '../../samples/build.ts';
import { renderPdf } from '../../samples/formats/pdf.ts';
import { type AnsweredQuestion, readQuestions } from '../../samples/questions.ts';
import { parseBook } from '../../samples/source.ts';
import { unzip, type ZipEntry } from '../../samples/zip.ts';

let folder: string;
let books: readonly BuiltBook[];
let answered: readonly AnsweredQuestion[];
/** Text of every page (PDF) or of the whole book (others), by file. */
const texts = new Map<string, readonly string[]>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scriptorium-samples-'));
  books = await buildSamples(folder);
  answered = (await readQuestions()).questions;
  for (const book of books) texts.set(book.file, (await textOf(book)).map(oneLine));
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the sample books', () => {
  test('there is one in every format, and two PDFs', () => {
    expect(new Set(books.map((book) => book.format))).toEqual(new Set(bookFormats));
    expect(books.filter((book) => book.format === 'pdf').length).toBeGreaterThanOrEqual(2);
  });

  test('each has 1,500 to 4,000 words', () => {
    for (const { file } of books) {
      const words = (texts.get(file) ?? []).join(' ').split(' ').length;
      expect({ file, inRange: words >= 1500 && words <= 4000 }).toEqual({ file, inRange: true });
    }
  });

  test('one PDF has 12 pages or more, an outline, a title and an author', async () => {
    const pdf = new PDFParse({ data: await bytesOf('lights-of-saint-orrin.pdf') });
    const info = await pdf.getInfo();
    await pdf.destroy();
    expect(info.total).toBeGreaterThanOrEqual(12);
    expect(info.outline?.map((item) => item.title)).toContain('Gannet Head');
    expect(info.info).toMatchObject({
      Title: 'The Lights of Saint Orrin: A Field Guide',
      Author: 'Maren Halloway',
    });
  });

  test('the footer of a PDF page carries the number of the page', () => {
    const pages = texts.get('vellmar-tower-clock.pdf') ?? [];
    pages.forEach((text, index) => {
      if (index > 0) expect(text).toContain(`Tower Clock · ${index + 1}`);
    });
  });

  test('the EPUBs begin with an uncompressed mimetype entry, and every file of the spine is there', async () => {
    for (const { file } of books.filter((book) => book.format === 'epub')) {
      const archive = Buffer.from(await bytesOf(file));
      // Open Container Format: name at byte 30, content at 38, so neither an extra field nor compression.
      expect(archive.subarray(30, 58).toString('latin1')).toBe('mimetypeapplication/epub+zip');
      const entries = await unzip(archive);
      for (const name of spineOf(entries))
        expect(entries.map((entry) => entry.name)).toContain(`EPUB/${name}`);
    }
  });

  test('the DOCX names its title and author', async () => {
    const core = contentOf(
      await unzip(Buffer.from(await bytesOf('ferry-kitchen-notebook.docx'))),
      'docProps/core.xml',
    );
    expect(core).toContain('<dc:title>The Ferry Kitchen: A Cook&apos;s Notebook</dc:title>');
    expect(core).toContain('<dc:creator>Josune Arrieta</dc:creator>');
  });
});

describe('building them', () => {
  test('gives the same bytes again, in another process and another time zone', async () => {
    const other = await mkdtemp(join(tmpdir(), 'scriptorium-samples-'));
    const builder = fileURLToPath(new URL('../../samples/build.ts', import.meta.url));
    const program = `const { buildSamples } = await import(${JSON.stringify(builder)});
      console.log(JSON.stringify((await buildSamples(${JSON.stringify(other)})).map((book) => [book.file, book.sha256])));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, TZ: 'Pacific/Auckland', NODE_OPTIONS: '' },
    });
    await rm(other, { recursive: true });
    expect(JSON.parse(stdout)).toEqual(books.map((book) => [book.file, book.sha256]));
  });

  test('leaves a book that is up to date untouched, and replaces one that is not', async () => {
    const [first, second] = books;
    if (first === undefined || second === undefined) throw new Error('there are no sample books');
    const before = await stat(first.path);
    await writeFile(second.path, 'not a book');
    const again = await buildSamples(folder);
    expect(again.filter((book) => book.written).map((book) => book.file)).toEqual([second.file]);
    expect((await stat(first.path)).mtimeMs).toBe(before.mtimeMs);
    expect(again.map((book) => book.sha256)).toEqual(books.map((book) => book.sha256));
  });

  const head = '---\ntitle: T\nauthor: A\nlanguage: en\nyear: 2000\nformat: pdf\n---\n';

  test.each([
    ['no front matter', '# One\n', /x\.md: the front matter between two lines of --- is missing/],
    ['an unknown format', head.replace('pdf', 'tex'), /x\.md: the front matter is not valid: .*format/s],
    ['no chapter', head, /x\.md: the book has no chapter/],
    [
      'text before the first chapter',
      `${head}Hello\n`,
      /x\.md, line 8: a "paragraph" stands before the first chapter/,
    ],
    ['an image', `${head}\n# One\n\n![a](b.png)\n`, /x\.md, line 11: a "image" has no form/],
  ])('refuses a source with %s', (_, source, message) => {
    expect(() => parseBook(source, 'x.md')).toThrow(message);
  });

  test('refuses a character that a PDF of ours cannot show', async () => {
    await expect(renderPdf(parseBook(`${head}# One\n\nA snowman: ☃\n`, 'x.md'))).rejects.toThrow(
      'x.md, line 10: the standard fonts of PDF have no "☃"',
    );
  });
});

describe('the questions', () => {
  test('there are three or more on each book', () => {
    for (const { file } of books) {
      const count = answered.filter((question) => question.book === file).length;
      expect({ file, enough: count >= 3 }).toEqual({ file, enough: true });
    }
  });

  test('each names a book, and a page exactly when it is a PDF', () => {
    for (const { question, book, page } of answered) {
      expect(books.map(({ file }) => file)).toContain(book);
      expect({ question, hasPage: page !== undefined }).toEqual({ question, hasPage: book.endsWith('.pdf') });
    }
  });

  test('each is answered by its book alone, and by its page alone', () => {
    for (const question of answered) {
      expect({ question: question.question, places: placesOf(question) }).toEqual({
        question: question.question,
        places: [`${question.book} ${question.page ?? 1}`],
      });
    }
  });
});

function placesOf({ mustContain }: AnsweredQuestion): string[] {
  return [...texts].flatMap(([file, pages]) =>
    pages.flatMap((text, index) => (text.includes(mustContain) ? [`${file} ${index + 1}`] : [])),
  );
}

async function bytesOf(file: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(folder, file)));
}

/** The text by a reader of the format: no format is taken on the word of the code that wrote it. */
async function textOf({ file, path, format }: BuiltBook): Promise<readonly string[]> {
  if (format === 'pdf') return pdfPages(await bytesOf(file));
  if (format === 'docx') return [(await mammoth.extractRawText({ path })).value];
  if (format === 'epub') return [epubText(await unzip(await readFile(path)))];
  const text = await readFile(path, 'utf8');
  return [format === 'html' ? markupText(text, false) : text];
}

async function pdfPages(data: Uint8Array): Promise<readonly string[]> {
  const pdf = new PDFParse({ data });
  const { pages } = await pdf.getText();
  await pdf.destroy();
  return pages.map((page) => page.text);
}

function epubText(entries: readonly ZipEntry[]): string {
  return spineOf(entries)
    .map((name) => markupText(contentOf(entries, `EPUB/${name}`), true))
    .join('\n');
}

/** File names in reading order. */
function spineOf(entries: readonly ZipEntry[]): string[] {
  const files = new Map<string, string>();
  const spine: string[] = [];
  const parser = new Parser(
    {
      onopentag(name, { id, href, idref }) {
        if (name === 'item') files.set(id ?? '', href ?? '');
        if (name === 'itemref') spine.push(files.get(idref ?? '') ?? `no item ${idref}`);
      },
    },
    { xmlMode: true },
  );
  parser.end(contentOf(entries, 'EPUB/package.opf'));
  return spine;
}

function contentOf(entries: readonly ZipEntry[], name: string): string {
  const entry = entries.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`the archive has no ${name}`);
  return entry.data.toString('utf8');
}

function markupText(markup: string, xmlMode: boolean): string {
  let text = '';
  new Parser({ ontext: (part) => (text += part) }, { xmlMode }).end(markup);
  return text;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
