import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sniffFormat } from '../../../activities/adapters/documents/sniff.ts';
import '../../helpers/any-realm.ts';
import { type TempFolder, tempFolder } from '../../helpers/temp-folder.ts';

const MB = 2 ** 20;
const limits = { maxFileBytes: 64 * MB, maxTextBytes: 16 * MB, timeoutMs: 20_000, maxMemoryBytes: 400 * MB };

let folder: TempFolder;
beforeAll(async () => {
  folder = await tempFolder();
});
afterAll(async () => await folder[Symbol.asyncDispose]());

async function formatOf(name: string, content: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, content);
  return await sniffFormat(path, limits);
}

describe('the format of a file', () => {
  test.each([
    ['page.txt', '<!DOCTYPE html><p>x', 'html'],
    ['page.txt', '\uFEFF <?xml version="1.0"?>\n<!-- a --> <!-- b > -- c -->\n<HTML lang="en">', 'html'],
    ['page.txt', '<!-- never closed <html>', 'text'],
    ['page.txt', 'words, then <html>', 'text'],
    ['page.md', '# A heading', 'markdown'],
    // What takes a step for each way to read it never comes to an end; it is read where questions are answered, too.
    ['comments.txt', '<!---->'.repeat(140), 'text'],
    ['comments.txt', `${'<!-- -->\n'.repeat(100)}<p>no page`, 'text'],
    ['spaces.txt', `${' '.repeat(1_000)}x`, 'text'],
    ['xml.txt', '<?xml>'.repeat(160), 'text'],
  ])('%s beginning with %j is %s', async (name, content, format) => {
    expect(await formatOf(name, content)).toBe(format);
  });

  test.each([
    ['pdf-internals.md', 'Every PDF begins with `%PDF-1.7`, and a line of bytes.', 'markdown'],
    ['notes.txt', 'See %PDF-1.4', 'text'],
    ['really.txt', '\uFEFF\n%PDF-1.7\n', 'pdf'],
    ['book.pdf', 'rubbish of a mail program\n%PDF-1.7\n', 'pdf'],
    ['book', 'rubbish\n%PDF-1.7\n', 'pdf'],
    ['mailed.txt', 'rubbish\n%PDF-1.7\n\0\x01\x02\0\0\0', 'pdf'],
  ])('%s with %j is %s', async (name, content, format) => {
    expect(await formatOf(name, content)).toBe(format);
  });
});
