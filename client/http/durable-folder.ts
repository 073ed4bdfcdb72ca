/** Folders whose names are on the disk, and not only in its cache: a loss of power takes nothing with it. */
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing. An entry is in the folder above: each one that got an entry is synced.
 * @param sync for tests
 */
export async function makeFolder(path: string, sync = syncFolder): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let folder = dirname(resolve(path)); folder !== above; folder = dirname(folder)) await sync(folder);
  await sync(above);
}

/** The entry of a file is in its folder: without this a loss of power may take the name with it. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using folder = await open(path, 'r');
  await folder.sync();
}
