import { stat } from 'node:fs/promises';
import { diskCodeOf, ScriptoriumError } from '../../errors.ts';
import type { BookFormat, DocumentLimits, Extractor, OpenDocument } from '../../ports/documents.ts';
import { openDocx } from './docx.ts';
import { openEpub } from './epub/epub-extractor.ts';
import { openHtml } from './html/html-extractor.ts';
import { openMarkdown } from './markdown.ts';
import { openPdf } from './pdf/pdf-extractor.ts';
import { openPlainText } from './plain-text.ts';
import { BINARY_FORMATS, sniffFormat } from './sniff.ts';

/** One extractor a format. */
export const extractors: Readonly<Record<BookFormat, Extractor>> = {
  pdf: { open: openPdf },
  epub: { open: openEpub },
  docx: { open: openDocx },
  html: { open: openHtml },
  markdown: { open: openMarkdown },
  text: { open: openPlainText },
};

/**
 * Opens a book of any format; its content decides which, not its name.
 * @throws ScriptoriumError SOURCE_MISSING, SOURCE_UNREADABLE, DISK_UNREACHABLE, EMPTY_FILE, UNSUPPORTED_FORMAT, TOO_LARGE,
 * CORRUPT_FILE, ENCRYPTED, UNSAFE_ARCHIVE
 */
export async function openDocument(path: string, limits: DocumentLimits): Promise<OpenDocument> {
  try {
    const format = await sniffFormat(path, limits);
    await checkSize(path, format, limits);
    return await extractors[format].open(path, limits);
  } catch (error) {
    throw asReadingError(error, path);
  }
}

async function checkSize(path: string, format: BookFormat, limits: DocumentLimits): Promise<void> {
  const { size } = await stat(path);
  const most = BINARY_FORMATS.has(format) ? limits.maxFileBytes : limits.maxTextBytes;
  if (size > most)
    throw new ScriptoriumError(
      'TOO_LARGE',
      `"${path}" has ${size} bytes; the limit for ${format} is ${most}.`,
    );
}

const SYSTEM_CODES: Readonly<Record<string, 'SOURCE_MISSING' | 'SOURCE_UNREADABLE' | 'UNSUPPORTED_FORMAT'>> =
  {
    ENOENT: 'SOURCE_MISSING',
    ENOTDIR: 'SOURCE_MISSING',
    EACCES: 'SOURCE_UNREADABLE',
    EPERM: 'SOURCE_UNREADABLE',
    EIO: 'SOURCE_UNREADABLE',
    EISDIR: 'UNSUPPORTED_FORMAT',
  };

/** What a parser throws on a file, and is no failure of the system, is the file's fault, and will be again. */
function asReadingError(error: unknown, path: string): unknown {
  if (error instanceof ScriptoriumError || !(error instanceof Error)) return error;
  const systemCode = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (systemCode !== '' && !systemCode.startsWith('ERR_')) {
    const code = SYSTEM_CODES[systemCode] ?? diskCodeOf(error);
    return code === null
      ? error
      : new ScriptoriumError(code, `"${path}" cannot be read: ${error.message}.`, { cause: error });
  }
  return new ScriptoriumError('CORRUPT_FILE', `"${path}" cannot be read: ${error.message}.`, {
    cause: error,
  });
}
