/** Half an upload is dropped when the process that took it is gone, and not before, whatever its pid is. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { IncomingFolder } from '../../../client/http/incoming-folder.ts';
import { eventually } from '../../helpers/eventually.ts';
import { tempFolder } from '../../helpers/temp-folder.ts';

const BEAT_MS = 10;

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('the folder of what comes in', () => {
  test('drops what dead processes left, in a folder or beside it, and nothing of one that lives', async () => {
    await using folder = await tempFolder();
    await mkdir(join(folder.path, 'dead'));
    await writeFile(join(folder.path, 'dead', 'half.pdf'), 'half');
    await writeFile(join(folder.path, `${process.pid}-half.pdf`), 'of a version that had no folders');
    await using living = new IncomingFolder(folder.path, BEAT_MS);
    await using other = new IncomingFolder(folder.path, BEAT_MS);
    await living.open();
    await other.open();
    const path = living.newPath('.pdf');
    await writeFile(path, 'coming in');
    await eventually(async () => (await filesIn(folder.path)).length === 1);
    expect(await filesIn(dirname(path))).toHaveLength(1);
  });

  test('is gone with its process', async () => {
    await using folder = await tempFolder();
    {
      await using own = new IncomingFolder(folder.path, BEAT_MS);
      await own.open();
      await writeFile(own.newPath('.pdf'), 'coming in');
    }
    expect(await readdir(folder.path)).toEqual([]);
  });
});
