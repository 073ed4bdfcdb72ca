import { readFile } from 'node:fs/promises';
import mammoth from 'mammoth';
import { ScriptoriumError } from '../../errors.ts';
import type { DocumentLimits, OpenDocument } from '../../ports/documents.ts';
import { oneLine } from '../../text/clean.ts';
import { SafeZip } from './archive/safe-zip.ts';
import { htmlSections } from './html/html-sections.ts';
import { SectionedDocument } from './sectioned-document.ts';
import { first, parseXml } from './xml-tree.ts';
import { yearOf } from './year-of.ts';

const DOCUMENT_PART = 'word/document.xml';
const PROPERTIES_PART = 'docProps/core.xml';

/**
 * Opens a Word document; sections are its headings, pictures are left out.
 * @throws ScriptoriumError CORRUPT_FILE, UNSAFE_ARCHIVE, TOO_LARGE
 */
export async function openDocx(path: string, limits: DocumentLimits): Promise<OpenDocument> {
  const properties = await checkParts(path, limits);
  const { value } = await mammoth
    .convertToHtml(
      { buffer: await readFile(path) },
      { convertImage: mammoth.images.imgElement(async () => ({ src: '' })) },
    )
    .catch((error: unknown) => {
      throw new ScriptoriumError('CORRUPT_FILE', `The text of "${path}" cannot be read.`, { cause: error });
    });
  return new SectionedDocument({
    format: 'docx',
    engine: 'mammoth',
    ...propertiesOf(properties),
    sections: htmlSections(value).sections,
  });
}

/**
 * Mammoth trusts the archive's own sizes. So every part that it may read is expanded here first, and counted.
 * @returns the XML of the document's properties, empty when there is none
 */
async function checkParts(path: string, limits: DocumentLimits): Promise<string> {
  using zip = await SafeZip.open(path, limits.maxTextBytes);
  if (!zip.names.some((name) => name.startsWith('word/document') && name.endsWith('.xml'))) {
    throw new ScriptoriumError('CORRUPT_FILE', `"${path}" lacks its part "${DOCUMENT_PART}".`);
  }
  for (const name of zip.names) {
    if (/\.(?:xml|rels)$/i.test(name) && name !== PROPERTIES_PART) await zip.read(name);
  }
  return (await zip.read(PROPERTIES_PART))?.toString('utf8') ?? '';
}

function propertiesOf(xml: string): {
  title: string | null;
  author: string | null;
  language: string | null;
  year: number | null;
} {
  const root = parseXml(xml);
  const value = (name: string) => oneLine(first(root, name)?.text ?? '') || null;
  return {
    title: value('title'),
    author: value('creator'),
    language: value('language'),
    year: yearOf(value('created') ?? ''),
  };
}
