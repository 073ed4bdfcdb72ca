/** A collection of version 0.1, whose points had one vector without a name, becomes one of the present kind. */
import { describe, expect, test } from '@jest/globals';
import { v4 as uuid } from 'uuid';
import { openQdrantStores } from '../../activities/adapters/qdrant/qdrant-stores.ts';
import { unnamedCollectionName } from '../../activities/adapters/qdrant/vector-store.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import { startProxy } from '../helpers/qdrant-stand-in-proxy.ts';
import { qdrantServer } from './qdrant-server.ts';
import { bookIdOf, bookPoints, DIMENSIONS, type Stores } from './store-fixtures.ts';

const qdrant = qdrantServer();
const { apiKey } = qdrant;

const open = async (prefix: string, address = qdrant.url): Promise<Stores> =>
  await openQdrantStores({
    ...{ url: address, apiKey, embedderId: 'model', dimensions: DIMENSIONS, prefix, timeoutMs: 60_000 },
  });

const points = bookPoints(bookIdOf('alice'), 'r1', 300).map((point) => ({
  ...point,
  text: `Passage ${point.ordinal} tells of lamp${point.ordinal}.`,
}));

/** As version 0.1 wrote them. */
async function writeUnnamed(prefix: string, some: readonly StoredPoint[] = points): Promise<string> {
  const name = unnamedCollectionName(prefix, 'model', DIMENSIONS);
  const client = qdrant.client();
  await client.createCollection(name, { vectors: { size: DIMENSIONS, distance: 'Cosine' } });
  const old = some.map(({ id, vector, ...payload }) => ({ id, vector: Array.from(vector), payload }));
  await client.upsert(name, { wait: true, points: old });
  return name;
}

async function expectWhole({ store }: Stores): Promise<void> {
  expect(await store.count(bookIdOf('alice'), 'r1')).toBe(points.length);
  const [last] = points.slice(-1);
  const [near] = await store.search(last?.vector ?? new Float32Array(), {}, 1);
  expect(near?.id).toBe(last?.id);
  expect((await store.searchText('lamp7', {}, 10)).map(({ ordinal }) => ordinal)).toEqual([7]);
}

describe('a store of version 0.1', () => {
  test('is moved when it is opened: nothing is lost, and it is found by words, too', async () => {
    const prefix = `test-${uuid()}`;
    const name = await writeUnnamed(prefix);
    await expectWhole(await open(prefix));
    expect((await qdrant.client().collectionExists(name)).exists).toBe(false);
    await expectWhole(await open(prefix));
  }, 60_000);

  test('that is interrupted on its way is moved on by whoever opens it next', async () => {
    const prefix = `test-${uuid()}`;
    const name = await writeUnnamed(prefix);
    const proxy = await startProxy(() => qdrant.url);
    let moved = 0;
    proxy.mode = ({ url: path = '' }) => {
      if (path.includes(`${name}/points/delete`)) moved += 1;
      return moved > 1 ? { kind: 'answer', status: 503, body: '' } : { kind: 'pass' };
    };
    await expect(open(prefix, proxy.url)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await proxy.stop();
    expect((await qdrant.client().collectionExists(name)).exists).toBe(true);
    await expectWhole(await open(prefix));
    expect((await qdrant.client().collectionExists(name)).exists).toBe(false);
  }, 60_000);

  test('may be opened by two processes at once', async () => {
    const prefix = `test-${uuid()}`;
    await writeUnnamed(prefix);
    for (const stores of await Promise.all([open(prefix), open(prefix)])) await expectWhole(stores);
  }, 60_000);
});
