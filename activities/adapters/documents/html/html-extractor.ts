import { readFile } from 'node:fs/promises';
import type { OpenDocument } from '../../../ports/documents.ts';
import { decodeText } from '../decode-text.ts';
import { SectionedDocument } from '../sectioned-document.ts';
import { htmlSections } from './html-sections.ts';

/** A charset must be declared within the first kilobyte, says the HTML standard; some generators need more. */
const DECLARATION_BYTES = 4096;

/**
 * Opens an HTML file; sections are its headings.
 * @throws ScriptoriumError UNSUPPORTED_FORMAT when it is no text
 */
export async function openHtml(path: string): Promise<OpenDocument> {
  const bytes = await readFile(path);
  const { title, author, language, sections } = htmlSections(decodeText(bytes, path, declaredCharset(bytes)));
  return new SectionedDocument({
    format: 'html',
    engine: 'htmlparser2',
    title,
    author,
    language,
    year: null,
    sections,
  });
}

/** The charset that an HTML or XML file names in its head; null when it names none. */
export function declaredCharset(bytes: Buffer): string | null {
  const head = bytes.toString('latin1', 0, DECLARATION_BYTES);
  const declared =
    /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)/i.exec(head) ??
    /<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)/i.exec(head);
  return declared?.[1] ?? null;
}
