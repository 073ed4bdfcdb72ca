import type { Table } from '@lancedb/lancedb';
import { Field, FixedSizeList, Float32, Float64, Schema, Utf8 } from 'apache-arrow';
import { z } from 'zod';
import type { AnswerCache, NearAnswer, StoredAnswer } from '../../ports/answer-cache.ts';
import { modelHash } from '../model-hash.ts';
import { requireVector } from '../point-checks.ts';
import { CLEARED_KEY, NO_SCOPE, storedAnswer } from '../stored-answers.ts';
import { type LanceDatabase, openLanceDatabase, SMALL_CACHES } from './database.ts';
import type { LanceStoreOptions } from './lance-stores.ts';
import { allOf, differs, equals } from './sql.ts';
import { keyField, LanceTable } from './table.ts';

const text = (name: string): Field => new Field(name, new Utf8(), false);

/** What queries filter by are columns; the entry itself is JSON. */
const schemaOf = (dimensions: number): Schema =>
  new Schema([
    keyField('key'),
    text('scope'),
    new Field('made_at_ms', new Float64(), false),
    text('record'),
    new Field('vector', new FixedSizeList(dimensions, new Field('item', new Float32(), true)), false),
  ]);

const nearRows = z.array(z.object({ record: z.string(), _distance: z.number() }));
const timeRows = z.array(z.object({ made_at_ms: z.number() }));

const isAnswer = differs('key', CLEARED_KEY);

/** Answers in a table beside the books, in the same folder. Without an index: a scan of 10,000 takes milliseconds. */
export class LanceAnswerCache implements AnswerCache {
  readonly #table: LanceTable;
  readonly #dimensions: number;

  private constructor(table: LanceTable, dimensions: number) {
    this.#table = table;
    this.#dimensions = dimensions;
  }

  /** @throws ScriptoriumError STORE_UNREACHABLE, DISK_FULL */
  static async open({ folder, embedderId, dimensions }: LanceStoreOptions): Promise<LanceAnswerCache> {
    const database: LanceDatabase = await openLanceDatabase(folder, SMALL_CACHES);
    const name = `answers_${modelHash(embedderId, dimensions)}`;
    const table = await LanceTable.open(database, { name, schema: schemaOf(dimensions), indexed: [] });
    return new LanceAnswerCache(table, dimensions);
  }

  async nearest(vector: Float32Array, scope: string, limit: number): Promise<readonly NearAnswer[]> {
    requireVector(vector, this.#dimensions, 'the question');
    const rows: unknown = await this.#table.read('look for answers', (table) =>
      table
        .vectorSearch(vector)
        .distanceType('cosine')
        .where(allOf([isAnswer, equals('scope', scope)]) ?? isAnswer)
        .select(['record', '_distance'])
        .limit(limit)
        .toArray(),
    );
    return nearRows.parse(rows).map(({ record, _distance }) => ({
      stored: storedAnswer.parse(JSON.parse(record)),
      similarity: 1 - _distance,
    }));
  }

  async put(answer: StoredAnswer, vector: Float32Array): Promise<void> {
    requireVector(vector, this.#dimensions, 'the question');
    await this.#write('keep an answer', answer, vector);
    await this.#table.maintain();
  }

  async remove({ key, madeAtMs }: Pick<StoredAnswer, 'key' | 'madeAtMs'>): Promise<void> {
    await this.#delete(`${equals('key', key)} AND made_at_ms = ${madeAtMs}`);
  }

  async count(): Promise<number> {
    return await this.#table.read('count answers', (table) => table.countRows(isAnswer));
  }

  async removeBefore(madeAtMs: number): Promise<number> {
    return await this.#delete(`${isAnswer} AND made_at_ms < ${madeAtMs}`);
  }

  async trim(entries: number): Promise<number> {
    const rows: unknown = await this.#table.read('list answers', (table) =>
      table.query().where(isAnswer).select(['made_at_ms']).toArray(),
    );
    const oldestFirst = timeRows
      .parse(rows)
      .map((row) => row.made_at_ms)
      .sort((a, b) => a - b);
    const last = oldestFirst[oldestFirst.length - entries - 1];
    return last === undefined ? 0 : await this.#delete(`${isAnswer} AND made_at_ms <= ${last}`);
  }

  async clear(atMs: number): Promise<number> {
    const marker = {
      ...{ key: CLEARED_KEY, scope: NO_SCOPE, question: '', answer: '' },
      sources: [],
      epoch: 0,
    };
    await this.#write('clear the answers', { ...marker, madeAtMs: atMs }, new Float32Array(this.#dimensions));
    return await this.#delete(isAnswer);
  }

  async clearedAtMs(): Promise<number> {
    const rows: unknown = await this.#table.read('look when answers were cleared', (table) =>
      table.query().where(equals('key', CLEARED_KEY)).select(['made_at_ms']).toArray(),
    );
    return Math.max(0, ...timeRows.parse(rows).map((row) => row.made_at_ms));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#table.close();
  }

  async #write(action: string, answer: StoredAnswer, vector: Float32Array): Promise<void> {
    const { key, scope, madeAtMs } = answer;
    const record = JSON.stringify(answer).toWellFormed();
    const row = { key, scope, made_at_ms: madeAtMs, record, vector: Array.from(vector) };
    await this.#table.commit(action, async (table) => {
      await table.mergeInsert('key').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute([row]);
      return { result: undefined, committed: true };
    });
  }

  async #delete(where: string): Promise<number> {
    return await this.#table.commit('remove answers', async (table: Table) => {
      const found = await table.countRows(where);
      if (found > 0) await table.delete(where);
      return { result: found, committed: found > 0 };
    });
  }
}
