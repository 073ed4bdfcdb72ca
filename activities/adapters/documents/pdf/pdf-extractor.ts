import { open } from 'node:fs/promises';
import { ScriptoriumError } from '../../../errors.ts';
import type { OpenDocument } from '../../../ports/documents.ts';
import { openWithPdfParse } from './pdf-parse-extractor.ts';
import { openWithPdfium } from './pdfium-extractor.ts';

/** A whole PDF says `startxref` and `%%EOF` at its end; some have a little rubbish after that. */
const TAIL_BYTES = 4096;

/**
 * Opens a PDF: PDFium first, and pdf-parse for what it cannot load.
 * @throws ScriptoriumError ENCRYPTED, CORRUPT_FILE
 */
export async function openPdf(path: string): Promise<OpenDocument> {
  const isWhole = await hasEnd(path);
  try {
    return await openWithPdfium(path, isWhole);
  } catch (error) {
    if (!(error instanceof ScriptoriumError && error.code === 'CORRUPT_FILE')) throw error;
    if (!isWhole)
      throw new ScriptoriumError('CORRUPT_FILE', `"${path}" is cut off: the end of the PDF is missing.`);
    return await openWithPdfParse(path);
  }
}

async function hasEnd(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
  await file.read(tail, 0, tail.length, size - tail.length);
  return tail.includes('%%EOF') || tail.includes('startxref');
}
