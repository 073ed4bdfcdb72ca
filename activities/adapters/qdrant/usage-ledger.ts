import { v5 as uuidFrom } from 'uuid';
import type { UsageEntry, UsageLedger } from '../../ports/usage-ledger.ts';
import { usageEntry } from '../usage-entries.ts';
import { QdrantConnection, type QdrantConnectionOptions } from './connection.ts';

/** Namespace of the UUIDs that stand for day and process, since a point's id must be a UUID. */
const ENTRY_NAMESPACE = '5e0d6f0a-94a5-4d52-8f3e-7f6b0c1f0a35';
/** Far more than processes begin on one day. */
const MOST_ENTRIES = 10_000;

/** What answers cost, in a collection of a Qdrant server, one point a day and process. */
export class QdrantUsageLedger implements UsageLedger {
  readonly #qdrant: QdrantConnection;
  readonly #collection: string;

  private constructor(qdrant: QdrantConnection, collection: string) {
    this.#qdrant = qdrant;
    this.#collection = collection;
  }

  /** @throws ScriptoriumError INVALID_CONFIG for a bad URL, STORE_UNREACHABLE, STORE_REJECTED */
  static async open(
    options: QdrantConnectionOptions & { readonly prefix: string },
  ): Promise<QdrantUsageLedger> {
    const qdrant = new QdrantConnection(options);
    const collection = `${options.prefix}-usage`;
    const shape = { vectors: { size: 1, distance: 'Dot' } } as const;
    await qdrant.ensureCollection(collection, shape, { day: 'keyword' });
    return new QdrantUsageLedger(qdrant, collection);
  }

  async put(entry: UsageEntry): Promise<void> {
    const id = uuidFrom(`${entry.day} ${entry.writer}`, ENTRY_NAMESPACE);
    const points = [{ id, vector: [1], payload: { ...entry } }];
    await this.#qdrant.call('count tokens', (client) =>
      client.upsert(this.#collection, { wait: true, points }),
    );
  }

  async of(day: string): Promise<readonly UsageEntry[]> {
    const filter = { must: [{ key: 'day', match: { value: day } }] };
    const { points } = await this.#qdrant.call('read the tokens of a day', (client) =>
      client.scroll(this.#collection, { filter, limit: MOST_ENTRIES, with_payload: true }),
    );
    return points.map(({ payload }) => usageEntry.parse(payload));
  }

  /** Nothing to release: the client closes idle connections by itself. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
