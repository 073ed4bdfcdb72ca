import { z } from 'zod';
import type { QdrantConnection } from './connection.ts';

/** Id of the one point of the collection. */
const POINT = 'c4a1b5a6-3d3f-4d0e-8a53-0f6a0e1f7c11';
const payloads = z.tuple([z.object({ payload: z.object({ epoch: z.number() }) })]);

/** The corpus epoch as a point of its own: Qdrant has no number that changes with its content. */
export class QdrantEpoch {
  readonly #qdrant: QdrantConnection;
  readonly #collection: string;
  #made: Promise<void> | null = null;

  constructor(qdrant: QdrantConnection, prefix: string) {
    this.#qdrant = qdrant;
    this.#collection = `${prefix}-epoch`;
  }

  async read(): Promise<number> {
    await this.#ensure();
    const points = await this.#qdrant.call('read the epoch', (client) =>
      client.retrieve(this.#collection, { ids: [POINT], with_payload: true, with_vector: false }),
    );
    return points.length === 0 ? 0 : payloads.parse(points)[0].payload.epoch;
  }

  /** Microseconds since 1970, the last three digits by chance: two processes do not write the same number. */
  async advance(): Promise<void> {
    await this.#ensure();
    const epoch = Date.now() * 1_000 + Math.floor(Math.random() * 1_000);
    const points = [{ id: POINT, vector: [1], payload: { epoch } }];
    await this.#qdrant.call('advance the epoch', (client) =>
      client.upsert(this.#collection, { wait: true, points }),
    );
  }

  async #ensure(): Promise<void> {
    const shape = { vectors: { size: 1, distance: 'Dot' } } as const;
    this.#made ??= this.#qdrant.ensureCollection(this.#collection, shape, {});
    try {
      await this.#made;
    } catch (error) {
      this.#made = null;
      throw error;
    }
  }
}
