/** What a compaction leaves on disk is taken away when the table is written no more. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import { bookIdOf, bookPoints, closeStores, DIMENSIONS, unitVector } from '../contract/store-fixtures.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const COMMITS = 70;

test('a table at rest holds the files of its latest version alone', async () => {
  await using folder = await tempFolder();
  const where = { folder: folder.path, embedderId: 'model', dimensions: DIMENSIONS };
  const stores = await openLanceStores(where);
  const { store } = stores;
  const data = join(folder.path, `${pointTableName('model', DIMENSIONS)}.lance`, 'data');
  const files = async (): Promise<number> => (await readdir(data)).length;
  try {
    for (let n = 0; n < COMMITS; n++) await store.upsert(bookPoints(bookIdOf(`${n}`), 'r1', 2));
    await store.maintain(AbortSignal.timeout(60_000));
    expect(await files()).toBeGreaterThan(20);
    // Its former versions may be read still.
    await store.needsUpkeep();
    expect(await store.needsUpkeep()).toBe(false);
    await delay(32_000);
    expect(await store.needsUpkeep()).toBe(true);
    await store.maintain(AbortSignal.timeout(60_000));
    expect(await files()).toBeLessThan(5);
    expect(await store.count(bookIdOf('7'))).toBe(2);
    expect(await store.search(unitVector('x'), {}, 200)).toHaveLength(2 * COMMITS);
    await delay(1_000);
    expect(await store.needsUpkeep()).toBe(false);
  } finally {
    await closeStores(stores);
  }
}, 120_000);
