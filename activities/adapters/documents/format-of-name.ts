import { extname } from 'node:path';
import type { BookFormat } from '../../ports/documents.ts';

const FORMATS: ReadonlyMap<string, BookFormat> = new Map([
  ['.pdf', 'pdf'],
  ['.epub', 'epub'],
  ['.docx', 'docx'],
  ['.html', 'html'],
  ['.htm', 'html'],
  ['.xhtml', 'html'],
  ['.md', 'markdown'],
  ['.markdown', 'markdown'],
  ['.txt', 'text'],
  ['.text', 'text'],
]);

/** The format that a file's name promises; null when the ending is of none that Scriptorium reads. */
export function formatOfName(path: string): BookFormat | null {
  return FORMATS.get(extname(path).toLowerCase()) ?? null;
}
