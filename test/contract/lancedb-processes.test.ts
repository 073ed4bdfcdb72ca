import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { bookIdOf, closeStores, DIMENSIONS, type Stores } from './store-fixtures.ts';

const writer = join(import.meta.dirname, 'lancedb-writer.ts');

describe('processes that share a LanceDB folder', () => {
  let folder: string;
  let children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scriptorium-lance-'));
  });

  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (): Promise<Stores> =>
    await openLanceStores({ folder, embedderId: 'model', dimensions: DIMENSIONS });

  /** Runs a writer, kills it after `killAfter` acknowledged books, and gives all that it had acknowledged. */
  async function acknowledged(
    first: number,
    count: number,
    killAfter = Number.POSITIVE_INFINITY,
  ): Promise<string[]> {
    const child = spawn(process.execPath, [writer, folder, String(first), String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    children.push(child);
    const exited = once(child, 'exit');
    const names: string[] = [];
    for await (const name of createInterface({ input: child.stdout })) {
      names.push(name);
      if (names.length === killAfter) child.kill('SIGKILL');
    }
    await exited;
    return names;
  }

  async function expectWhole({ store, catalog }: Stores, names: readonly string[]): Promise<void> {
    const records = await catalog.get(names.map(bookIdOf));
    for (const name of names) {
      expect(await store.count(bookIdOf(name))).toBe(10);
      expect(records.get(bookIdOf(name))).toMatchObject({ title: name, revision: 'r2' });
    }
  }

  // The writer compacts after 64 commits, at about 20 books: both kills come after commits, the second among compactions.
  test('what was acknowledged before kill -9 is there afterwards, and the folder goes on to work', async () => {
    const names = [...(await acknowledged(0, 10_000, 7)), ...(await acknowledged(100_000, 10_000, 60))];
    expect(names.length).toBeGreaterThanOrEqual(67);
    const stores = await open();
    await expectWhole(stores, names);
    await closeStores(stores);
    const more = await acknowledged(200_000, 10);
    expect(more).toHaveLength(10);
    const again = await open();
    await expectWhole(again, [...names, ...more]);
    await closeStores(again);
  }, 120_000);

  test('two processes that write and compact at the same time lose nothing', async () => {
    const [left, right] = await Promise.all([acknowledged(0, 60), acknowledged(1_000, 60)]);
    expect([left.length, right.length]).toEqual([60, 60]);
    const stores = await open();
    await expectWhole(stores, [...left, ...right]);
    expect(await stores.store.health()).toContain(', 1200 passages');
    expect(await stores.catalog.list({ limit: 1_000 })).toHaveLength(120);
    await closeStores(stores);
  }, 120_000);
});
