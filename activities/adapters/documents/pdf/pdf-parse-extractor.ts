import { readFile } from 'node:fs/promises';
import type { PDFParse } from 'pdf-parse';
import { z } from 'zod';
import { ScriptoriumError } from '../../../errors.ts';
import type { DocumentMeta, OpenDocument } from '../../../ports/documents.ts';
import { yearOf } from '../year-of.ts';
import { checkPageCount, checkPages } from './check-pages.ts';
import { PagedDocument } from './paged-document.ts';
import { usableAuthor, usableTitle } from './pdf-meta.ts';
import type { RawPage } from './pdfium-document.ts';

/** The information dictionary: anything may stand in it. */
const infoSchema = z.object({
  Title: z.string().catch(''),
  Author: z.string().catch(''),
  CreationDate: z.string().catch(''),
});

/**
 * Opens a PDF with pdf-parse (pdf.js): three times slower than PDFium, but it mends some files that PDFium refuses.
 * Without the outline.
 * @throws ScriptoriumError ENCRYPTED, CORRUPT_FILE
 */
export async function openWithPdfParse(path: string): Promise<OpenDocument> {
  const { PDFParse, PasswordException, VerbosityLevel } = await import('pdf-parse');
  const data = new Uint8Array(await readFile(path));
  const bytes = data.length;
  const parser = new PDFParse({ data, verbosity: VerbosityLevel.ERRORS, isEvalSupported: false });
  try {
    const meta = await readMeta(parser);
    checkPageCount(meta.units, bytes, path);
    await checkPages(meta.units, (index) => readPage(parser, index), path);
    return new PagedDocument({
      meta,
      outline: [],
      page: (index) => readPage(parser, index),
      close: () => parser.destroy(),
    });
  } catch (error) {
    await parser.destroy();
    if (error instanceof PasswordException)
      throw new ScriptoriumError('ENCRYPTED', `"${path}" opens only with a password.`);
    throw new ScriptoriumError('CORRUPT_FILE', `"${path}" is no PDF that PDFium or pdf.js can load.`, {
      cause: error,
    });
  }
}

async function readMeta(parser: PDFParse): Promise<DocumentMeta> {
  const { info, total } = await parser.getInfo();
  const { Title, Author, CreationDate } = infoSchema.parse(info ?? {});
  return {
    format: 'pdf',
    title: usableTitle(Title),
    author: usableAuthor(Author),
    language: null,
    year: yearOf(CreationDate),
    units: total,
    paged: true,
    engine: 'pdf-parse',
  };
}

/** A page that pdf.js cannot read is null; the others still serve. */
async function readPage(parser: PDFParse, index: number): Promise<RawPage | null> {
  const options = { partial: [index + 1], pageJoiner: '', cellSeparator: ' ' };
  const result = await parser.getText(options).catch(() => null);
  const text = result?.pages[0]?.text;
  return text === undefined ? null : { text, height: 0 };
}
