import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProcessSandbox } from '../../../activities/adapters/documents/process-sandbox.ts';
import { countLetters, hasText } from '../../../activities/text/quality.ts';
import {
  brokenBooks,
  epubEntries,
  makePdf,
  makeZip,
  png,
  writeBrokenBooks,
} from '../../helpers/broken-books.ts';

/** Memory that all of it must stay in: what breaks it is killed, and fails with another code than expected. */
const MB = 2 ** 20;
const limits = { maxFileBytes: 64 * MB, maxTextBytes: 16 * MB, timeoutMs: 20_000, maxMemoryBytes: 400 * MB };
let folder = '';
let sandbox: ProcessSandbox;
let paths: ReadonlyMap<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'broken-'));
  paths = await writeBrokenBooks(folder);
  sandbox = new ProcessSandbox({ processes: 1, limits });
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const onOpening = brokenBooks.filter((book) => book.code !== 'NO_TEXT');

describe('what bad input gets', () => {
  test.each(onOpening.map(({ name, code }) => [name, code]))('%s ends in %s', async (name, code) => {
    const path = paths.get(name) ?? '';
    await expect(sandbox.open(path)).rejects.toMatchObject({ code, message: expect.stringContaining(name) });
  });

  test('a scan is read, and has no text', async () => {
    await using scan = await sandbox.open(paths.get('scan.pdf') ?? '');
    const { units, paged } = scan.meta;
    const pages = await scan.read(0, units);
    const letters = pages.reduce((sum, page) => sum + countLetters(page.text), 0);
    expect(hasText(letters, units, paged)).toBe(false);
  });
});

async function codeOf(name: string, content: string | Buffer): Promise<unknown> {
  const path = join(folder, name);
  await writeFile(path, content);
  try {
    await using document = await sandbox.open(path);
    return `opened, ${document.meta.units} units`;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

describe('other bad input', () => {
  test('a file that is not there, and a folder', async () => {
    await expect(sandbox.open(join(folder, 'none.pdf'))).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
    await expect(sandbox.open(folder)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  // The only file that is there everywhere and can be opened, but gives EIO when it is read, as a bad sector does.
  (process.platform === 'linux' ? test : test.skip)('a file on a bad sector is named', async () => {
    await expect(sandbox.open('/proc/self/mem')).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  test.each([
    ['words.pdf', 'This is not a PDF.', 'UNSUPPORTED_FORMAT'],
    ['page.epub', '<html><body>An error page</body></html>', 'UNSUPPORTED_FORMAT'],
    ['picture.html', png(4, 4), 'UNSUPPORTED_FORMAT'],
    ['word.txt', '{\\rtf1 hello}', 'UNSUPPORTED_FORMAT'],
    ['head.pdf', '%PDF-1.7\n', 'CORRUPT_FILE'],
    ['head.docx', Buffer.from('PK\x03\x04'), 'CORRUPT_FILE'],
    [
      'old.doc',
      Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(2000)]),
      'UNSUPPORTED_FORMAT',
    ],
  ])('%s', async (name, content, code) => {
    expect(await codeOf(name, content)).toBe(code);
  });

  test('archives that are no books', async () => {
    expect(await codeOf('a.zip', await makeZip({ 'a.txt': 'a' }))).toBe('UNSUPPORTED_FORMAT');
    expect(
      await codeOf('sheet.docx', await makeZip({ '[Content_Types].xml': '<x/>', 'xl/book.xml': '<x/>' })),
    ).toBe('UNSUPPORTED_FORMAT');
    expect(await codeOf('a.epub', await makeZip({ mimetype: 'application/epub+zip' }))).toBe('CORRUPT_FILE');
    expect(await codeOf('b.epub', await makeZip({ 'META-INF/container.xml': 'no' }))).toBe('CORRUPT_FILE');
  });

  test('an EPUB whose package leads out of the archive', async () => {
    const entries = epubEntries(['<p>x</p>']);
    const opf = (entries['OPS/book.opf'] ?? '').replace('href="c0.xhtml"', 'href="../../../etc/passwd"');
    expect(await codeOf('leads-out.epub', await makeZip({ ...entries, 'OPS/book.opf': opf }))).toBe(
      'UNSAFE_ARCHIVE',
    );
  });

  test('an EPUB with more text than the limit, but no bomb', async () => {
    const numbers = Array.from({ length: 3_000_000 }, (_, at) => at * 7919).join(' ');
    expect(await codeOf('large.epub', await makeZip(epubEntries([numbers])))).toBe('TOO_LARGE');
  });

  test('a Word document that is a bomb', async () => {
    const zip = await makeZip({ '[Content_Types].xml': '<x/>', 'word/document.xml': ' '.repeat(40_000_000) });
    expect(await codeOf('bomb.docx', zip)).toBe('UNSAFE_ARCHIVE');
  });

  test('a PDF whose outline loops is read', async () => {
    const whole = (
      await makePdf((pdf) => {
        pdf.outline.addItem('One');
        pdf.outline.addItem('Two');
        pdf.text('Some text of the book.');
      })
    ).toString('latin1');
    const first = /\/First (\d+ 0 R)/.exec(whole)?.[1] ?? '';
    const looping = whole.replace(/\/Next \d+ 0 R/, `/Next ${first}`);
    expect(looping).not.toBe(whole);
    await writeFile(join(folder, 'loop.pdf'), Buffer.from(looping, 'latin1'));
    await using book = await sandbox.open(join(folder, 'loop.pdf'));
    expect(await book.read(0, 1)).toMatchObject([{ section: ['One'], text: 'Some text of the book.' }]);
  });

  test('markup nested ten thousand deep is read, or is corrupt', async () => {
    const deep = `<html><body>${'<div>'.repeat(10_000)}deep${'</div>'.repeat(10_000)}</body></html>`;
    expect(await codeOf('deep.html', deep)).toBe('opened, 1 units');
    expect(await codeOf('deep.md', `${'> '.repeat(5_000)}deep`)).toBe('CORRUPT_FILE');
  });
});
