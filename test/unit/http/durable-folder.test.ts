/** A folder that was made outlasts a loss of power: whatever got an entry is synced. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeFolder } from '../../../client/http/durable-folder.ts';
import { tempFolder } from '../../helpers/temp-folder.ts';

async function syncedFor(path: string): Promise<readonly string[]> {
  const synced: string[] = [];
  await makeFolder(path, async (folder) => void synced.push(folder));
  return synced.sort();
}

test('every folder that gets an entry is synced, and no other', async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  expect(await syncedFor(join(path, 'a', 'b', 'c'))).toEqual([path, join(path, 'a'), join(path, 'a', 'b')]);
  expect(await syncedFor(join(path, 'a', 'b', 'd'))).toEqual([join(path, 'a', 'b')]);
  expect(await syncedFor(join(path, 'a', 'b', 'd'))).toEqual([]);
  await mkdir(join(path, 'made'));
  expect(await syncedFor(join(path, 'made'))).toEqual([]);
});
