import { ScriptoriumError } from '../../../errors.ts';
import type { DocumentMeta, OpenDocument } from '../../../ports/documents.ts';
import { yearOf } from '../year-of.ts';
import { checkPageCount, checkPages } from './check-pages.ts';
import { coverTitle } from './cover-title.ts';
import { PagedDocument } from './paged-document.ts';
import { usableAuthor, usableTitle } from './pdf-meta.ts';
import { PdfiumDocument } from './pdfium-document.ts';

/**
 * Opens a PDF with PDFium.
 * @param isWhole false when the file's end is missing: what PDFium then still finds may be half the book
 * @throws ScriptoriumError ENCRYPTED, CORRUPT_FILE
 */
export async function openWithPdfium(path: string, isWhole: boolean): Promise<OpenDocument> {
  const pdf = await PdfiumDocument.open(path);
  try {
    if (!isWhole && !pdf.isIntact) throw new ScriptoriumError('CORRUPT_FILE', `"${path}" is cut off.`);
    checkPageCount(pdf.pageCount, pdf.bytes, path);
    await checkPages(pdf.pageCount, async (index) => pdf.page(index), path);
    return new PagedDocument({
      meta: metaOf(pdf),
      outline: pdf.outline(),
      page: async (index) => pdf.page(index),
      close: async () => pdf[Symbol.dispose](),
    });
  } catch (error) {
    pdf[Symbol.dispose]();
    throw error;
  }
}

function metaOf(pdf: PdfiumDocument): DocumentMeta {
  return {
    format: 'pdf',
    title: usableTitle(pdf.metadata('Title')) ?? coverTitle(pdf.firstLines(0)),
    author: usableAuthor(pdf.metadata('Author')),
    language: null,
    year: yearOf(pdf.metadata('CreationDate')),
    units: pdf.pageCount,
    paged: true,
    engine: 'pdfium',
  };
}
