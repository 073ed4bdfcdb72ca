/**
 * A process that writes books into a LanceDB folder until it is killed, or until it has written `count` of them. It
 * prints the name of each book after the store and the catalog have acknowledged it.
 * Usage: lancedb-writer.ts FOLDER FIRST COUNT
 */
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { bookIdOf, bookPoints, closeStores, DIMENSIONS, record } from './store-fixtures.ts';

const LANES = 5;
const [folder = '', first = '0', count = '0'] = process.argv.slice(2);
const stores = await openLanceStores({ folder, embedderId: 'model', dimensions: DIMENSIONS });

async function write(name: string): Promise<void> {
  await stores.store.upsert(bookPoints(bookIdOf(name), 'r1', 20));
  await stores.store.upsert(bookPoints(bookIdOf(name), 'r2', 10));
  await stores.store.deleteStale(bookIdOf(name), 'r2');
  await stores.catalog.put(record(name, { revision: 'r2', chunks: 10 }));
  process.stdout.write(`${name}\n`);
}

async function lane(start: number): Promise<void> {
  for (let index = start; index < Number(count); index += LANES) await write(`book ${Number(first) + index}`);
}

await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
await closeStores(stores);
