/** The recorded histories, by the names of their files. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

const folder = new URL('./histories/', import.meta.url);
export const files = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));

export function historyIn(file: string) {
  return historyFromJSON(JSON.parse(gunzipSync(readFileSync(new URL(file, folder))).toString()));
}
