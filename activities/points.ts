/** The points of a book, from its artifacts, and the writing of a batch of them. */
import { openArtifact, parseChunk } from './chunk.ts';
import { ScriptoriumError } from './errors.ts';
import { chunkIdOf } from './naming.ts';
import type { ArtifactStore } from './ports/artifact-store.ts';
import type { StoredPoint, UpsertOptions, VectorStore } from './ports/vector-store.ts';
import type { StoredBook } from './store.ts';
import { parseVector } from './vector-record.ts';

/** Chunks from ordinal `from` and their vectors side by side. */
export async function* pointsOf(
  artifacts: ArtifactStore,
  book: StoredBook,
  from = 0,
): AsyncGenerator<StoredPoint> {
  await using chunks = await openArtifact(artifacts, book.chunksKey);
  await using vectors = await openArtifact(artifacts, book.vectorsKey);
  if (chunks.records !== vectors.records) {
    await artifacts.remove(book.vectorsKey);
    throw new ScriptoriumError(
      'ARTIFACT_CORRUPT',
      `${book.path} has ${chunks.records} chunks and ${vectors.records} vectors`,
    );
  }
  const vectorRecords = vectors.read(from)[Symbol.asyncIterator]();
  for await (const record of chunks.read(from)) {
    const chunk = parseChunk(record);
    const vector = await vectorRecords.next();
    if (vector.done)
      throw new ScriptoriumError(
        'ARTIFACT_CORRUPT',
        `${book.path} lacks the vector of chunk ${chunk.ordinal}`,
      );
    yield { ...passageOf(book, chunk), vector: parseVector(vector.value) };
  }
}

/**
 * Writes a batch. One that is refused is halved until the point at fault is found; one that was merely too large is
 * written in halves.
 * @throws ScriptoriumError STORE_REJECTED naming the chunk, or as the store said it where every point is refused
 */
export async function upsertBatch(
  store: VectorStore,
  batch: readonly StoredPoint[],
  options: UpsertOptions = {},
): Promise<void> {
  const refusal = await refusalOf(store, batch, options);
  if (refusal === null) return;
  const poison = await firstRefused(store, batch);
  if (poison === null) return;
  const others = batch.at(-1);
  // Where the last point is refused as well as the first, it is no point's fault: a wrong key, for example.
  const all = poison.point === batch[0] && others !== batch[0] && others !== undefined;
  if (all && (await refusalOf(store, [others])) !== null) throw refusal;
  throw named(poison);
}

interface Poison {
  readonly point: StoredPoint;
  readonly refusal: ScriptoriumError;
}

/** The first point of a refused batch that is refused by itself; null when none is. What is accepted is written. */
async function firstRefused(store: VectorStore, batch: readonly StoredPoint[]): Promise<Poison | null> {
  const half = Math.ceil(batch.length / 2);
  for (const part of [batch.slice(0, half), batch.slice(half)]) {
    const refusal = part.length === 0 ? null : await refusalOf(store, part);
    const [point] = part;
    if (refusal === null || point === undefined) continue;
    if (part.length === 1) return { point, refusal };
    const within = await firstRefused(store, part);
    if (within !== null) return within;
  }
  return null;
}

async function refusalOf(
  store: VectorStore,
  batch: readonly StoredPoint[],
  options: UpsertOptions = {},
): Promise<ScriptoriumError | null> {
  try {
    await store.upsert(batch, options);
    return null;
  } catch (error) {
    if (error instanceof ScriptoriumError && error.code === 'STORE_REJECTED') return error;
    throw error;
  }
}

function named({ point, refusal }: Poison): ScriptoriumError {
  const { path, ordinal, page, section } = point;
  const place = page ? `page ${page.start}` : section.length > 0 ? `section ${section.join(' › ')}` : null;
  const chunk = `chunk ${ordinal}${place === null ? '' : ` (${place})`}`;
  return new ScriptoriumError('STORE_REJECTED', `${path}, ${chunk}: ${refusal.message}`, { cause: refusal });
}

function passageOf(book: StoredBook, { ordinal, text, page, section }: ReturnType<typeof parseChunk>) {
  const { bookId, library, path, revision, title, author, language, year, format } = book;
  const id = chunkIdOf(bookId, revision, ordinal);
  return {
    ...{ id, bookId, revision, library, ordinal, text, title },
    ...{ author, language, year, format, path, page, section },
  };
}
