import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { ScriptoriumError } from '../../errors.ts';
import type { BookFormat, DocumentLimits } from '../../ports/documents.ts';
import { isBinary } from '../../text/quality.ts';
import { SafeZip } from './archive/safe-zip.ts';
import { formatOfName } from './format-of-name.ts';

/** PDF readers look for the header in so many bytes. */
const HEAD_BYTES = 1024;
const ZIP_MAGIC = 'PK\x03\x04';
const EMPTY_ZIP_MAGIC = 'PK\x05\x06';
/** Compound file binary: Word before 2007, and every Office document with a password. */
const COMPOUND_MAGIC = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const ENCRYPTED_STREAM = Buffer.from('EncryptedPackage', 'utf16le');
/** Text by its bytes, but written for a program: RTF, PostScript. */
const NOT_FOR_READING = /^(?:\{\\rtf|%!PS)/;
/** A comment ends at its first end: were it free to go on to a later one, forty of them would be tried in 2^39 ways. */
const HTML_START = /^(?:\s|<!--(?:(?!-->)[\s\S])*-->|<\?xml[^>]*>)*<(?:!doctype html|html)\b/i;
const PDF_MAGIC = '%PDF-';
/** A byte order mark and white space, as far as a text may begin with them. */
const PDF_AT_ONCE = /^(?:\xEF\xBB\xBF)?\s*%PDF-/;

export const BINARY_FORMATS: ReadonlySet<BookFormat> = new Set(['pdf', 'epub', 'docx']);

/**
 * The format of a file by its content. Texts are told apart by name: Markdown from plain text nothing else can.
 * @throws ScriptoriumError EMPTY_FILE, UNSUPPORTED_FORMAT, ENCRYPTED, CORRUPT_FILE, UNSAFE_ARCHIVE
 */
export async function sniffFormat(path: string, limits: DocumentLimits): Promise<BookFormat> {
  const head = await readHead(path);
  if (head.length === 0) throw new ScriptoriumError('EMPTY_FILE', `"${path}" has 0 bytes.`);
  const start = head.toString('latin1');
  if (isPdf(path, head, start)) return 'pdf';
  if (start.startsWith(ZIP_MAGIC)) return await formatOfZip(path, limits);
  if (start.startsWith(EMPTY_ZIP_MAGIC))
    throw new ScriptoriumError('CORRUPT_FILE', `"${path}" is an empty archive.`);
  if (head.subarray(0, 8).equals(COMPOUND_MAGIC)) return await refuseCompound(path, limits);
  return formatOfText(path, start);
}

/** Readers of PDF pass over what stands before the mark; a text may well speak of it. */
function isPdf(path: string, head: Buffer, start: string): boolean {
  if (!start.includes(PDF_MAGIC)) return false;
  const promised = formatOfName(path);
  const isTextByName = promised !== null && !BINARY_FORMATS.has(promised);
  return !isTextByName || PDF_AT_ONCE.test(start) || isBinary(head);
}

async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
  return head.subarray(0, bytesRead);
}

async function formatOfZip(path: string, limits: DocumentLimits): Promise<BookFormat> {
  using zip = await SafeZip.open(path, limits.maxTextBytes);
  if (zip.has('META-INF/container.xml')) return 'epub';
  const { names } = zip;
  if (names.some((name) => name.startsWith('word/'))) return 'docx';
  const isOtherOffice = names.some((name) => /^(?:xl|ppt|visio)\//.test(name));
  const promised = formatOfName(path);
  if (!isOtherOffice && (promised === 'epub' || promised === 'docx')) return promised;
  throw unsupported(path, 'is an archive, but neither an EPUB nor a Word document');
}

async function refuseCompound(path: string, limits: DocumentLimits): Promise<never> {
  const { size } = await stat(path);
  if (size <= limits.maxFileBytes && (await holds(path, ENCRYPTED_STREAM))) {
    throw new ScriptoriumError('ENCRYPTED', `"${path}" is an Office document with a password.`);
  }
  throw unsupported(path, 'is an Office document of before 2007');
}

/** Piece by piece: the file may be as large as the limit. */
async function holds(path: string, wanted: Buffer): Promise<boolean> {
  let before: Buffer = Buffer.alloc(0);
  for await (const piece of createReadStream(path)) {
    const data: Buffer = Buffer.concat([before, piece]);
    if (data.includes(wanted)) return true;
    before = data.subarray(-wanted.length);
  }
  return false;
}

function formatOfText(path: string, start: string): BookFormat {
  const promised = formatOfName(path);
  if (promised !== null && BINARY_FORMATS.has(promised))
    throw unsupported(path, `is no ${promised.toUpperCase()} file by its content`);
  if (NOT_FOR_READING.test(start)) throw unsupported(path, 'is written for a printer or a word processor');
  if (HTML_START.test(start.replace(/\0|^(?:\xEF\xBB\xBF|\xFF\xFE|\xFE\xFF)/g, ''))) return 'html';
  return promised ?? 'text';
}

function unsupported(path: string, what: string): ScriptoriumError {
  return new ScriptoriumError('UNSUPPORTED_FORMAT', `"${path}" ${what}.`);
}
