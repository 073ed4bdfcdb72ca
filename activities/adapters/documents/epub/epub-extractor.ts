import { ScriptoriumError } from '../../../errors.ts';
import type { DocumentLimits, OpenDocument } from '../../../ports/documents.ts';
import type { Section } from '../../../text/sections.ts';
import { SafeZip } from '../archive/safe-zip.ts';
import { decodeText } from '../decode-text.ts';
import { declaredCharset } from '../html/html-extractor.ts';
import { htmlSections } from '../html/html-sections.ts';
import { SectionedDocument } from '../sectioned-document.ts';
import { first, parseXml } from '../xml-tree.ts';
import { encryptedFiles } from './encryption.ts';
import { type EpubPackage, parsePackage } from './package.ts';
import { Toc } from './toc.ts';

/**
 * Opens an EPUB 2 or 3: its content documents in reading order, under the titles of its table of contents.
 * @throws ScriptoriumError CORRUPT_FILE, ENCRYPTED, UNSAFE_ARCHIVE, TOO_LARGE
 */
export async function openEpub(path: string, limits: DocumentLimits): Promise<OpenDocument> {
  using zip = await SafeZip.open(path, limits.maxTextBytes);
  const book = await readPackage(zip);
  await checkDrm(zip, book.spine);
  const { title, author, language, year } = book;
  const { sections, missing } = await readSpine(zip, book);
  return new SectionedDocument({
    format: 'epub',
    engine: 'htmlparser2',
    title,
    author,
    language,
    year,
    sections,
    ...(missing > 0 && { unreadable: missing }),
  });
}

async function readPackage(zip: SafeZip): Promise<EpubPackage> {
  const container = parseXml(await readXml(zip, 'META-INF/container.xml'));
  const path = first(container, 'rootfile')?.attributes.get('full-path') ?? '';
  return parsePackage(await readXml(zip, path), path);
}

async function checkDrm(zip: SafeZip, spine: readonly string[]): Promise<void> {
  if (!zip.has('META-INF/encryption.xml')) return;
  const encrypted = encryptedFiles(await readXml(zip, 'META-INF/encryption.xml'));
  const locked = spine.find((file) => encrypted.has(file));
  if (locked !== undefined)
    throw new ScriptoriumError('ENCRYPTED', `"${locked}" in "${zip.path}" is locked by its publisher.`);
}

interface Spine {
  readonly sections: readonly Section[];
  /** Content documents that are listed and not there. */
  readonly missing: number;
}

/** Readers skip content documents that are not there; a book without any of them is broken. */
async function readSpine(zip: SafeZip, book: EpubPackage): Promise<Spine> {
  const toc = await readToc(zip, book);
  const sections: Section[] = [];
  let trail: readonly string[] = [];
  let found = 0;
  for (const file of book.spine) {
    const bytes = await zip.read(file);
    if (bytes === null) continue;
    found++;
    const text = decodeText(bytes, file, declaredCharset(bytes));
    const content = htmlSections(text, toc.anchorsOf(file, trail), { isXml: true });
    for (const section of content.sections) sections.push(section);
    trail = content.end;
  }
  if (found === 0)
    throw new ScriptoriumError('CORRUPT_FILE', `"${zip.path}" holds none of the documents that it lists.`);
  return { sections, missing: book.spine.length - found };
}

async function readToc(zip: SafeZip, { nav, ncx }: EpubPackage): Promise<Toc> {
  if (nav !== null && zip.has(nav)) return Toc.ofNav(await readXml(zip, nav), nav);
  if (ncx !== null && zip.has(ncx)) return Toc.ofNcx(await readXml(zip, ncx), ncx);
  return Toc.empty;
}

async function readXml(zip: SafeZip, name: string): Promise<string> {
  const bytes = await zip.read(name);
  if (bytes === null) throw new ScriptoriumError('CORRUPT_FILE', `"${zip.path}" lacks its part "${name}".`);
  return decodeText(bytes, name, declaredCharset(bytes));
}
