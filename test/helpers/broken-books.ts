/** Files that no reader can make a book of, each with the registry code that it must end in. Made, not kept. */
import { randomBytes } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { crc32, deflateSync } from 'node:zlib';
import PDFDocument from 'pdfkit';
import { ZipFile } from 'yazl';
import type { ErrorCode } from '../../activities/errors.ts';

export interface BrokenBook {
  readonly name: string;
  /** What ingesting it ends in. NO_TEXT is found after reading all of it, every other code on opening. */
  readonly code: ErrorCode;
  readonly write: (path: string) => Promise<void>;
}

export const brokenBooks: readonly BrokenBook[] = [
  { name: 'empty.pdf', code: 'EMPTY_FILE', write: (path) => writeFile(path, '') },
  { name: 'truncated.pdf', code: 'CORRUPT_FILE', write: writeTruncatedPdf },
  { name: 'encrypted.pdf', code: 'ENCRYPTED', write: writeEncryptedPdf },
  { name: 'picture.pdf', code: 'UNSUPPORTED_FORMAT', write: (path) => writeFile(path, png(8, 8)) },
  { name: 'looping-pages.pdf', code: 'CORRUPT_FILE', write: (path) => writeFile(path, loopingPdf()) },
  { name: 'endless-pages.pdf', code: 'CORRUPT_FILE', write: (path) => writeFile(path, endlessPdf()) },
  { name: 'scan.pdf', code: 'NO_TEXT', write: writeScannedPdf },
  { name: 'bomb.epub', code: 'UNSAFE_ARCHIVE', write: writeBombEpub },
  { name: 'escaping.epub', code: 'UNSAFE_ARCHIVE', write: writeEscapingEpub },
  { name: 'locked.epub', code: 'ENCRYPTED', write: writeLockedEpub },
  { name: 'no-document.docx', code: 'CORRUPT_FILE', write: writeEmptyDocx },
  { name: 'cut.docx', code: 'CORRUPT_FILE', write: writeCutDocx },
  { name: 'locked.docx', code: 'ENCRYPTED', write: (path) => writeFile(path, lockedOffice()) },
  { name: 'random.txt', code: 'UNSUPPORTED_FORMAT', write: (path) => writeFile(path, randomBytes(100_000)) },
  { name: 'huge.txt', code: 'TOO_LARGE', write: writeHugeText },
];

/** Writes all of them into a folder; resolves to their paths by name. */
export async function writeBrokenBooks(folder: string): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  for (const { name, write } of brokenBooks) {
    paths.set(name, join(folder, name));
    await write(join(folder, name));
  }
  return paths;
}

/** A PDF with pdfkit; `draw` fills its pages. */
export async function makePdf(
  draw: (pdf: PDFKit.PDFDocument) => void,
  options: PDFKit.PDFDocumentOptions = {},
): Promise<Buffer> {
  const pdf = new PDFDocument(options);
  const bytes = buffer(pdf);
  draw(pdf);
  pdf.end();
  return await bytes;
}

/** Whole, but for one page, from 1, whose place in the file holds something else. */
export async function pdfWithDamagedPage(pages: number, damaged: number): Promise<Buffer> {
  const whole = await makePdf((pdf) => {
    for (let page = 1; page <= pages; page++) {
      if (page > 1) pdf.addPage();
      pdf.text(`Page ${page} tells of a keeper, and of the damage that a damp cellar does to paper.`);
    }
  });
  const text = whole.toString('latin1');
  const kids = [...(/\/Kids \[([^\]]*)\]/.exec(text)?.[1] ?? '').matchAll(/(\d+) 0 R/g)];
  const object = new RegExp(`(\\b${kids[damaged - 1]?.[1]} 0 obj\n)<<`);
  if (!object.test(text)) throw new Error(`page ${damaged} was not found`);
  return Buffer.from(text.replace(object, '$1[['), 'latin1');
}

/** A zip archive of texts by name. */
export async function makeZip(entries: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(entries)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return await buffer(zip.outputStream);
}

const CONTAINER =
  '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>' +
  '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>';

/** An EPUB without table of contents; `chapters` are the bodies of its content documents. */
export function epubEntries(chapters: readonly string[]): Record<string, string> {
  const items = chapters.map(
    (_, at) => `<item id="c${at}" href="c${at}.xhtml" media-type="application/xhtml+xml"/>`,
  );
  const refs = chapters.map((_, at) => `<itemref idref="c${at}"/>`);
  const entries: Record<string, string> = {
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': CONTAINER,
    'OPS/book.opf':
      '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/>' +
      `<manifest>${items.join('')}</manifest><spine>${refs.join('')}</spine></package>`,
  };
  for (const [at, body] of chapters.entries())
    entries[`OPS/c${at}.xhtml`] = `<html><body>${body}</body></html>`;
  return entries;
}

/** A gray picture. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8);
  const rows = Buffer.alloc(height * (width + 1), 0x7f);
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    pngPart('IHDR', header),
    pngPart('IDAT', deflateSync(rows)),
    pngPart('IEND'),
  ]);
}

function pngPart(type: string, data = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

async function writeTruncatedPdf(path: string): Promise<void> {
  const whole = await makePdf((pdf) => {
    for (let page = 1; page <= 20; page++) pdf.text(`Page ${page} of a book that was cut off.`).addPage();
  });
  await writeFile(path, whole.subarray(0, Math.floor(whole.length * 0.6)));
}

async function writeEncryptedPdf(path: string): Promise<void> {
  const options = { userPassword: 'reader', ownerPassword: 'owner', pdfVersion: '1.7' as const };
  await writeFile(path, await makePdf((pdf) => pdf.text('Only for those who know the word.'), options));
}

async function writeScannedPdf(path: string): Promise<void> {
  const scan = png(600, 800);
  const book = await makePdf((pdf) => {
    for (let page = 1; page <= 5; page++) pdf.image(scan, 0, 0, { width: 500 }).text(`${page}`).addPage();
  });
  await writeFile(path, book);
}

/** The page tree is its own only child. */
function loopingPdf(): Buffer {
  return handWrittenPdf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [2 0 R] /Count 1000 >>',
  ]);
}

/** Two thousand million pages, all of them the same. */
function endlessPdf(): Buffer {
  return handWrittenPdf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>',
    '<< /Type /Pages /Parent 2 0 R /Kids [3 0 R 3 0 R] /Count 2000000000 >>',
  ]);
}

function handWrittenPdf(objects: readonly string[]): Buffer {
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, at) => {
    const offset = text.length;
    text += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = text.length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`);
  const size = objects.length + 1;
  text += `xref\n0 ${size}\n0000000000 65535 f \n${rows.join('')}trailer\n<< /Size ${size} /Root 1 0 R >>\n`;
  return Buffer.from(`${text}startxref\n${start}\n%%EOF\n`, 'latin1');
}

async function writeBombEpub(path: string): Promise<void> {
  await writeFile(path, await makeZip(epubEntries([`<p>${'0'.repeat(50_000_000)}</p>`])));
}

/** The writer refuses such names, so a harmless one of the same length is changed afterwards. */
async function writeEscapingEpub(path: string): Promise<void> {
  const harmless = await makeZip({ ...epubEntries(['<p>Good.</p>']), 'aa/aa/evil.xhtml': '<p>Bad.</p>' });
  const bytes = Buffer.from(harmless.toString('latin1').replaceAll('aa/aa/evil', '../../evil'), 'latin1');
  await writeFile(path, bytes);
}

async function writeLockedEpub(path: string): Promise<void> {
  const encryption =
    '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>' +
    '<enc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/>' +
    '<enc:CipherData><enc:CipherReference URI="OPS/c0.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>';
  await writeFile(
    path,
    await makeZip({ ...epubEntries(['<p>x</p>']), 'META-INF/encryption.xml': encryption }),
  );
}

async function writeEmptyDocx(path: string): Promise<void> {
  await writeFile(path, await makeZip({ '[Content_Types].xml': '<Types/>', 'word/styles.xml': '<styles/>' }));
}

async function writeCutDocx(path: string): Promise<void> {
  const whole = await makeZip({ '[Content_Types].xml': '<Types/>', 'word/document.xml': '<document/>' });
  await writeFile(path, whole.subarray(0, whole.length - 60));
}

/** The head of a compound file, with the name of the stream that holds an encrypted Office document. */
function lockedOffice(): Buffer {
  const bytes = Buffer.alloc(8192);
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(bytes);
  Buffer.from('EncryptedPackage', 'utf16le').copy(bytes, 4096);
  return bytes;
}

/** 200 MB of real text. */
async function writeHugeText(path: string): Promise<void> {
  await using file = await open(path, 'w');
  const megabyte = 'The road went on. '.repeat(60_000).slice(0, 1_000_000);
  for (let written = 0; written < 200; written++) await file.write(megabyte);
}
