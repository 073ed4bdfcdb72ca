import { ScriptoriumError } from '../../../errors.ts';
import type { RawPage } from './pdfium-document.ts';

/** Pages that are tried before a PDF counts as having none that can be read. */
const PROBED_PAGES = 16;

/**
 * A page tree may claim any number of pages; every one of them takes at least a byte of the file.
 * @throws ScriptoriumError CORRUPT_FILE
 */
export function checkPageCount(count: number, fileBytes: number, path: string): void {
  if (count >= 1 && count <= fileBytes) return;
  throw new ScriptoriumError('CORRUPT_FILE', `"${path}" claims ${count} pages in ${fileBytes} bytes.`);
}

/**
 * A broken page is an empty one, and told of, but a book of which none of the first can be read is broken itself.
 * @throws ScriptoriumError CORRUPT_FILE
 */
export async function checkPages(
  count: number,
  page: (index: number) => Promise<RawPage | null>,
  path: string,
): Promise<void> {
  for (let index = 0; index < Math.min(count, PROBED_PAGES); index++) {
    if ((await page(index)) !== null) return;
  }
  throw new ScriptoriumError('CORRUPT_FILE', `None of the first pages of "${path}" can be read.`);
}
