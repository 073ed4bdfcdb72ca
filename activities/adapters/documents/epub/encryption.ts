import { descendants, first, parseXml } from '../xml-tree.ts';

/** Fonts may be obfuscated (IDPF, Adobe) in a book that is otherwise open. */
const FONT_OBFUSCATION: ReadonlySet<string> = new Set([
  'http://www.idpf.org/2008/embedding',
  'http://ns.adobe.com/pdf/enc#RC',
]);

/** Paths of the files that `META-INF/encryption.xml` says are really encrypted, relative to the archive's root. */
export function encryptedFiles(xml: string): ReadonlySet<string> {
  const files = new Set<string>();
  for (const data of descendants(parseXml(xml), 'EncryptedData')) {
    const method = first(data, 'EncryptionMethod')?.attributes.get('Algorithm') ?? '';
    const file = first(data, 'CipherReference')?.attributes.get('URI');
    if (file !== undefined && !FONT_OBFUSCATION.has(method)) files.add(decodeURI(file));
  }
  return files;
}
