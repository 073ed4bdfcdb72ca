/** Points as Qdrant keeps them: two named vectors, and all else as payload. */
import { z } from 'zod';
import type { PointKey, StoredPassage, StoredPoint } from '../../ports/vector-store.ts';
import { wellFormedPassage } from '../point-checks.ts';
import { passageWords, type SparseVector } from './word-vectors.ts';

export const DENSE = 'dense';
export const WORDS = 'words';

/** Int8 numbers in memory find the candidates, and the exact vectors order them. */
export function pointCollection(dimensions: number) {
  return {
    vectors: { [DENSE]: { size: dimensions, distance: 'Cosine' } },
    sparse_vectors: { [WORDS]: { modifier: 'idf' } },
    quantization_config: { scalar: { type: 'int8', quantile: 0.99, always_ram: true } },
  } as const;
}

const passagePayload = z.object({
  bookId: z.string(),
  revision: z.string(),
  library: z.string(),
  ordinal: z.number().int(),
  text: z.string(),
  title: z.string(),
  author: z.string().nullable(),
  language: z.string().nullable(),
  year: z.number().int().nullable(),
  format: z.string(),
  path: z.string(),
  page: z.object({ start: z.number().int(), end: z.number().int() }).nullable(),
  section: z.array(z.string()),
});
const keyPayload = passagePayload.pick({ bookId: true, revision: true, library: true, ordinal: true });
export const KEY_FIELDS = Object.keys(keyPayload.shape);

export interface PointStruct {
  readonly id: string;
  /** A text without words has no sparse vector. */
  readonly vector: { [DENSE]: number[]; [WORDS]?: SparseVector };
  readonly payload: Record<string, unknown>;
}

export interface FoundPoint {
  readonly id: string | number;
  readonly payload?: unknown;
}

export function pointStruct(point: StoredPoint): PointStruct {
  const { id, vector, ...payload } = wellFormedPassage(point);
  const words = passageWords(payload.text);
  const named = { [DENSE]: Array.from(vector), ...(words.indices.length > 0 && { [WORDS]: words }) };
  return { id, vector: named, payload };
}

export function passageOf({ id, payload }: FoundPoint): StoredPassage {
  return { id: String(id), ...passagePayload.parse(payload) };
}

export function keyOf({ id, payload }: FoundPoint): PointKey {
  return { id: String(id), ...keyPayload.parse(payload) };
}
