import { v5 as uuidFrom } from 'uuid';
import { z } from 'zod';
import type { AnswerCache, NearAnswer, StoredAnswer } from '../../ports/answer-cache.ts';
import { modelHash } from '../model-hash.ts';
import { requireVector } from '../point-checks.ts';
import { CLEARED_KEY, NO_SCOPE, storedAnswer } from '../stored-answers.ts';
import { QdrantConnection } from './connection.ts';
import type { QdrantStoreOptions } from './qdrant-stores.ts';

/** Namespace of the UUIDs that stand for keys of answers, since a point's id must be a UUID. */
const KEY_NAMESPACE = '0b7c2f3e-5a54-4a3e-9c57-5a3c3f7b9d21';
const ENTRIES_PER_PAGE = 1_000;

type Condition =
  | { readonly key: string; readonly match: { readonly value: string | number } }
  | { readonly key: string; readonly range: { readonly lt?: number; readonly lte?: number } };

const timePayload = z.object({ madeAtMs: z.number() });
const isMarker: Condition = { key: 'key', match: { value: CLEARED_KEY } };

/** Answers in a collection of a Qdrant server, one point an answer. */
export class QdrantAnswerCache implements AnswerCache {
  readonly #qdrant: QdrantConnection;
  readonly #collection: string;
  readonly #dimensions: number;

  private constructor(qdrant: QdrantConnection, collection: string, dimensions: number) {
    this.#qdrant = qdrant;
    this.#collection = collection;
    this.#dimensions = dimensions;
  }

  /** @throws ScriptoriumError INVALID_CONFIG for a bad URL, STORE_UNREACHABLE, STORE_REJECTED */
  static async open(options: QdrantStoreOptions): Promise<QdrantAnswerCache> {
    const { prefix, embedderId, dimensions } = options;
    const qdrant = new QdrantConnection(options);
    const collection = `${prefix}-answers-${modelHash(embedderId, dimensions)}`;
    const shape = { vectors: { size: dimensions, distance: 'Cosine' } } as const;
    await qdrant.ensureCollection(collection, shape, {
      ...{ key: 'keyword', scope: 'keyword' },
      // Servers in strict mode delete by indexed fields alone.
      madeAtMs: 'integer',
    });
    return new QdrantAnswerCache(qdrant, collection, dimensions);
  }

  async nearest(vector: Float32Array, scope: string, limit: number): Promise<readonly NearAnswer[]> {
    requireVector(vector, this.#dimensions, 'the question');
    const { points } = await this.#qdrant.call('look for answers', (client) =>
      client.query(this.#collection, {
        query: Array.from(vector),
        filter: { must: [{ key: 'scope', match: { value: scope } }], must_not: [isMarker] },
        ...{ limit, with_payload: true },
      }),
    );
    return points.map(({ payload, score }) => ({ stored: storedAnswer.parse(payload), similarity: score }));
  }

  async put(answer: StoredAnswer, vector: Float32Array): Promise<void> {
    requireVector(vector, this.#dimensions, 'the question');
    await this.#write('keep an answer', answer, Array.from(vector));
  }

  async remove({ key, madeAtMs }: Pick<StoredAnswer, 'key' | 'madeAtMs'>): Promise<void> {
    await this.#delete([
      { key: 'key', match: { value: key } },
      { key: 'madeAtMs', range: { lte: madeAtMs } },
    ]);
  }

  async count(): Promise<number> {
    return await this.#countOf([]);
  }

  async removeBefore(madeAtMs: number): Promise<number> {
    return await this.#delete([{ key: 'madeAtMs', range: { lt: madeAtMs } }]);
  }

  async trim(entries: number): Promise<number> {
    if ((await this.count()) <= entries) return 0;
    const oldestFirst = (await this.#times()).sort((a, b) => a - b);
    const last = oldestFirst[oldestFirst.length - entries - 1];
    return last === undefined ? 0 : await this.#delete([{ key: 'madeAtMs', range: { lte: last } }]);
  }

  async clear(atMs: number): Promise<number> {
    const marker = {
      ...{ key: CLEARED_KEY, scope: NO_SCOPE, question: '', answer: '' },
      sources: [],
      epoch: 0,
    };
    // A vector of zeros has no direction, which a collection by cosine refuses.
    const filled = Array.from({ length: this.#dimensions }, () => 1);
    await this.#write('clear the answers', { ...marker, madeAtMs: atMs }, filled);
    return await this.#delete([]);
  }

  async clearedAtMs(): Promise<number> {
    const ids = [pointId(CLEARED_KEY)];
    const points = await this.#qdrant.call('look when answers were cleared', (client) =>
      client.retrieve(this.#collection, { ids, with_payload: true, with_vector: false }),
    );
    return Math.max(0, ...points.map(({ payload }) => timePayload.parse(payload).madeAtMs));
  }

  /** Nothing to release: the client closes idle connections by itself. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #write(action: string, answer: StoredAnswer, vector: number[]): Promise<void> {
    const points = [{ id: pointId(answer.key), vector, payload: { ...wellFormed(answer) } }];
    await this.#qdrant.call(action, (client) => client.upsert(this.#collection, { wait: true, points }));
  }

  async #countOf(must: readonly Condition[]): Promise<number> {
    const filter = { must: [...must], must_not: [isMarker] };
    const { count } = await this.#qdrant.call('count answers', (client) =>
      client.count(this.#collection, { filter, exact: true }),
    );
    return count;
  }

  async #delete(must: readonly Condition[]): Promise<number> {
    const found = await this.#countOf(must);
    if (found === 0) return 0;
    const filter = { must: [...must], must_not: [isMarker] };
    await this.#qdrant.call('remove answers', (client) =>
      client.delete(this.#collection, { wait: true, filter }),
    );
    return found;
  }

  async #times(): Promise<number[]> {
    const times: number[] = [];
    let offset: string | number | undefined;
    do {
      const page = await this.#qdrant.call('list answers', (client) =>
        client.scroll(this.#collection, {
          filter: { must_not: [isMarker] },
          ...{ limit: ENTRIES_PER_PAGE, with_payload: ['madeAtMs'] },
          ...(offset !== undefined && { offset }),
        }),
      );
      times.push(...page.points.map(({ payload }) => timePayload.parse(payload).madeAtMs));
      const next = page.next_page_offset;
      offset = typeof next === 'string' || typeof next === 'number' ? next : undefined;
    } while (offset !== undefined);
    return times;
  }
}

function pointId(key: string): string {
  return uuidFrom(key, KEY_NAMESPACE);
}

function wellFormed(answer: StoredAnswer): StoredAnswer {
  const { question, answer: text, scope } = answer;
  return {
    ...answer,
    ...{ question: question.toWellFormed(), answer: text.toWellFormed(), scope: scope.toWellFormed() },
  };
}
