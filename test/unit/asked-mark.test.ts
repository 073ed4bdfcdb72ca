import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { AskedMark } from '../../activities/adapters/lancedb/asked-mark.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

test('a search of one process is known to another, for a minute', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'points.asked');
  const [asking, looking] = [new AskedMark(path), new AskedMark(path)];
  expect(await looking.isRecent()).toBe(false);
  asking.set();
  await eventually(() => looking.isRecent());
  const before = new Date(Date.now() - 61_000);
  await utimes(path, before, before);
  expect(await looking.isRecent()).toBe(false);
  // A mark that is there already is set anew.
  new AskedMark(path).set();
  await eventually(() => looking.isRecent());
  expect((await stat(path)).size).toBe(0);
});

test('a mark that cannot be written does no harm', async () => {
  await using folder = await tempFolder();
  const mark = new AskedMark(join(folder.path, 'nowhere', 'points.asked'));
  mark.set();
  expect(await mark.isRecent()).toBe(false);
});
