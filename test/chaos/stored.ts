/** What lies in the store after a run, read past the product: every point and every record, whole. */
import { connect } from '@lancedb/lancedb';
import { z } from 'zod';

const record = z.object({
  ...{ bookId: z.string(), library: z.string(), path: z.string(), state: z.string() },
  ...{ revision: z.string().nullable(), sha256: z.string().nullable() },
  ...{ pages: z.number(), chunks: z.number() },
  failure: z.object({ code: z.string() }).nullable(),
});
export type StoredRecord = z.infer<typeof record>;

const library = z.object({ library: z.string(), embedderId: z.string(), dimensions: z.number() });

export interface StoredPoint {
  readonly id: string;
  readonly bookId: string;
  readonly revision: string;
  readonly library: string;
  readonly ordinal: number;
  readonly text: string;
  readonly path: string;
  readonly vector: readonly number[];
}

export interface Stored {
  readonly points: readonly StoredPoint[];
  readonly records: readonly StoredRecord[];
  readonly libraries: readonly z.infer<typeof library>[];
}

const numbers = z.preprocess((value) => (isIterable(value) ? Array.from(value) : value), z.array(z.number()));

const lanceRow = z
  .object({
    ...{ id: z.string(), book_id: z.string(), revision: z.string(), library: z.string() },
    ...{ ordinal: z.number(), text: z.string(), path: z.string(), vector: numbers },
  })
  .transform(({ book_id: bookId, ...row }): StoredPoint => ({ bookId, ...row }));

/** Rows of all tables of points, row by row: an id that is there twice comes twice. */
export async function readLance(folder: string): Promise<Stored> {
  const database = await connect(folder, { readConsistencyInterval: 0 });
  const names = await database.tableNames();
  const rowsOf = async (name: string): Promise<unknown[]> => {
    if (!names.includes(name)) return [];
    return await (await database.openTable(name)).query().toArray();
  };
  const points = await Promise.all(names.filter((name) => name.startsWith('points_')).map(rowsOf));
  const stored: Stored = {
    points: z.array(lanceRow).parse(points.flat()),
    records: (await rowsOf('books')).map((row) => record.parse(json.parse(row).record)),
    libraries: (await rowsOf('libraries')).map((row) => library.parse(json.parse(row).record)),
  };
  database.close();
  return stored;
}

const json = z.object({ record: z.string().transform((text): unknown => JSON.parse(text)) });

/** The catalog only, while others write to it. */
export async function readLanceRecords(folder: string): Promise<StoredRecord[]> {
  const database = await connect(folder, { readConsistencyInterval: 0 });
  try {
    const books = await database.openTable('books');
    const rows: unknown[] = await books.query().toArray();
    return rows.map((row) => record.parse(json.parse(row).record));
  } finally {
    database.close();
  }
}

const scrolled = z.object({
  result: z.object({
    points: z.array(z.object({ id: z.string(), payload: z.unknown(), vector: z.unknown() })),
    next_page_offset: z.union([z.string(), z.number()]).nullable(),
  }),
});
const qdrantPayload = z.object({
  ...{ bookId: z.string(), revision: z.string(), library: z.string() },
  ...{ ordinal: z.number(), text: z.string(), path: z.string() },
});
const qdrantVector = z.object({ dense: numbers });
const collections = z.object({
  result: z.object({ collections: z.array(z.object({ name: z.string() })) }),
});

/** Points of all collections of points, by the REST interface. */
export async function readQdrant(url: string): Promise<Stored> {
  const names = await collectionsOf(url);
  const all = async (end: string) =>
    (
      await Promise.all(names.filter((name) => name.includes(end)).map((name) => scrollAll(url, name)))
    ).flat();
  return {
    points: (await all('-passages-')).map(({ id, payload, vector }) => ({
      id,
      ...qdrantPayload.parse(payload),
      vector: qdrantVector.parse(vector).dense,
    })),
    records: (await all('-books')).map(({ payload }) => record.parse(payload)),
    libraries: (await all('-libraries')).map(({ payload }) => library.parse(payload)),
  };
}

/** The catalog only. */
export async function readQdrantRecords(url: string): Promise<StoredRecord[]> {
  const names = (await collectionsOf(url)).filter((name) => name.endsWith('-books'));
  const points = await Promise.all(names.map((name) => scrollAll(url, name)));
  return points.flat().map(({ payload }) => record.parse(payload));
}

async function collectionsOf(url: string): Promise<string[]> {
  const listed = collections.parse(await (await fetch(new URL('/collections', url))).json());
  return listed.result.collections.map(({ name }) => name);
}

async function scrollAll(url: string, name: string) {
  const found: z.infer<typeof scrolled>['result']['points'] = [];
  let offset: string | number | null = null;
  do {
    const body = JSON.stringify({ limit: 1_000, with_payload: true, with_vector: true, offset });
    const response: Response = await fetch(new URL(`/collections/${name}/points/scroll`, url), {
      ...{ method: 'POST', body, headers: { 'content-type': 'application/json' } },
    });
    const page: z.infer<typeof scrolled> = scrolled.parse(await response.json());
    found.push(...page.result.points);
    offset = page.result.next_page_offset;
  } while (offset !== null);
  return found;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
