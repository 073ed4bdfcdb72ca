import {
  type Data,
  type DataType,
  Field,
  FixedSizeList,
  Float32,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { z } from 'zod';
import type { StoredPassage, StoredPoint } from '../../ports/vector-store.ts';
import { keyField } from './table.ts';

const textField = (name: string, nullable = false): Field => new Field(name, new Utf8(), nullable);
const intField = (name: string, nullable = false): Field => new Field(name, new Int32(), nullable);

const sectionType = new List(new Field('item', new Utf8(), true));
const vectorType = (dimensions: number): FixedSizeList<Float32> =>
  new FixedSizeList(dimensions, new Field('item', new Float32(), true));

/** One row a point; `vector` is a fixed-size list of float32. */
export function pointSchema(dimensions: number): Schema {
  return new Schema([
    keyField('id'),
    textField('book_id'),
    textField('revision'),
    textField('library'),
    intField('ordinal'),
    textField('text'),
    textField('title'),
    textField('author', true),
    textField('language', true),
    intField('year', true),
    textField('format'),
    textField('path'),
    intField('page_start', true),
    intField('page_end', true),
    new Field('section', sectionType, false),
    new Field('vector', vectorType(dimensions), false),
  ]);
}

/** The points as one record batch. The vectors are copied once, into one buffer, and never become arrays of numbers. */
export function pointRows(points: readonly StoredPoint[], schema: Schema, dimensions: number): Table {
  const children: Data[] = [
    texts(points.map(({ id }) => id)),
    texts(points.map(({ bookId }) => bookId)),
    texts(points.map(({ revision }) => revision)),
    texts(points.map(({ library }) => library)),
    column(
      points.map(({ ordinal }) => ordinal),
      new Int32(),
    ),
    texts(points.map((point) => point.text)),
    texts(points.map(({ title }) => title)),
    texts(points.map(({ author }) => author)),
    texts(points.map(({ language }) => language)),
    column(
      points.map(({ year }) => year),
      new Int32(),
    ),
    texts(points.map(({ format }) => format)),
    texts(points.map(({ path }) => path)),
    column(
      points.map(({ page }) => page?.start ?? null),
      new Int32(),
    ),
    column(
      points.map(({ page }) => page?.end ?? null),
      new Int32(),
    ),
    column(
      points.map(({ section }) => section),
      sectionType,
    ),
    vectors(points, dimensions),
  ];
  const data = makeData({ type: new Struct(schema.fields), length: points.length, nullCount: 0, children });
  return new Table(schema, [new RecordBatch(schema, data)]);
}

/**
 * All texts are encoded at once: Arrow's own builder encodes each by itself, and took eight times as long.
 * @param values well-formed: halves of a character at the end of one and the beginning of the next would become one
 */
function texts(values: readonly (string | null)[]): Data {
  const valueOffsets = new Int32Array(values.length + 1);
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let end = 0;
  let nullCount = 0;
  values.forEach((value, row) => {
    if (value === null) nullCount++;
    else nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7));
    end += Buffer.byteLength(value ?? '');
    valueOffsets[row + 1] = end;
  });
  // `join` takes null for an empty text.
  const data = Buffer.from(values.join(''));
  return makeData({ type: new Utf8(), length: values.length, nullCount, nullBitmap, valueOffsets, data });
}

function column<T extends DataType>(values: readonly unknown[], type: T): Data {
  const [data] = vectorFromArray(values, type).data;
  if (data === undefined) throw new Error('Arrow made a column without data.');
  return data;
}

function vectors(points: readonly StoredPoint[], dimensions: number): Data {
  const values = new Float32Array(points.length * dimensions);
  points.forEach(({ vector }, row) => {
    values.set(vector, row * dimensions);
  });
  const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
  return makeData({ type: vectorType(dimensions), length: points.length, nullCount: 0, child });
}

const nullableInt = z.number().int().nullable();
/** What every passage of a revision has alike. */
const bookRow = z.object({
  library: z.string(),
  title: z.string(),
  author: z.string().nullable(),
  language: z.string().nullable(),
  year: nullableInt,
  format: z.string(),
  path: z.string(),
});
/** What is a passage's own, and which revision it is of. */
const ownRow = z.object({
  id: z.string(),
  book_id: z.string(),
  revision: z.string(),
  ordinal: z.number().int(),
  text: z.string(),
  page_start: nullableInt,
  page_end: nullableInt,
  // Arrow gives a list as a view on its own memory.
  section: z.preprocess((list) => (isIterable(list) ? [...list] : list), z.array(z.string())),
});

export type PassageOfBook = z.infer<typeof bookRow>;
export type PassageOwn = Omit<StoredPassage, keyof PassageOfBook>;

export const bookColumns: readonly string[] = Object.keys(bookRow.shape);
export const ownColumns: readonly string[] = Object.keys(ownRow.shape);
/** Everything but the vector, which no reader needs. */
export const passageColumns: readonly string[] = [...ownColumns, ...bookColumns];

/** A row that a query gave with `ownColumns`. */
export function ownOf(row: unknown): PassageOwn {
  const { id, book_id: bookId, revision, ordinal, text, section, ...pages } = ownRow.parse(row);
  const { page_start: start, page_end: end } = pages;
  const page = start === null || end === null ? null : { start, end };
  return { id, bookId, revision, ordinal, text, page, section };
}

/** A row that a query gave with `bookColumns`. */
export function bookOf(row: unknown): PassageOfBook {
  return bookRow.parse(row);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
