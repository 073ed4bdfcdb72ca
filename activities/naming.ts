/** Ids and keys, all derived from what they name, so that doing a step again finds what is there already. */
import { createHash } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';

/** Namespace of Scriptorium's UUIDs: UUIDv5(URL namespace, "https://scriptorium.invalid/"). */
const NAMESPACE = uuidv5('https://scriptorium.invalid/', uuidv5.URL);

/** Id of a book: UUIDv5 of its library and absolute source path. */
export function bookIdOf(library: string, path: string): string {
  return uuidv5(`${library}\n${path}`, NAMESPACE);
}

/** Id of a chunk: UUIDv5 of its book, revision and ordinal. */
export function chunkIdOf(bookId: string, revision: string, ordinal: number): string {
  return uuidv5(`${revision}\n${ordinal}`, bookId);
}

/** First 32 hex digits of SHA-256 over the parts, each with its length so that no two lists collide. */
export function hashOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}
