import { ScriptoriumError } from '../../../errors.ts';

/**
 * A page tree may claim any number of pages; every one of them takes at least a byte of the file.
 * @throws ScriptoriumError CORRUPT_FILE
 */
export function checkPageCount(count: number, fileBytes: number, path: string): void {
  if (count >= 1 && count <= fileBytes) return;
  throw new ScriptoriumError('CORRUPT_FILE', `"${path}" claims ${count} pages in ${fileBytes} bytes.`);
}
