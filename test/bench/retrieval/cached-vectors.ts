/** Vectors of many texts, kept on disk from one run to the next: a corpus takes minutes, a change of a ranking none. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Embedder } from '../../../activities/ports/embedder.ts';

const TEXTS_PER_CALL = 128;

export async function cachedVectors(
  embedder: Embedder,
  texts: readonly string[],
  cache: string,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const hash = createHash('sha256').update(embedder.id);
  for (const text of texts) hash.update(`${text.length}:${text}`);
  const path = join(cache, `vectors-${hash.digest('hex').slice(0, 20)}.bin`);
  await mkdir(cache, { recursive: true });
  await embedRest(embedder, texts, path, signal);
  const bytes = await readFile(path);
  const size = embedder.dimensions * Float32Array.BYTES_PER_ELEMENT;
  return texts.map((_, at) => {
    const own = Uint8Array.from(bytes.subarray(at * size, (at + 1) * size));
    return new Float32Array(own.buffer);
  });
}

/** Goes on behind the last whole vector of the file: a run that was ended costs a call. */
async function embedRest(
  embedder: Embedder,
  texts: readonly string[],
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const size = embedder.dimensions * Float32Array.BYTES_PER_ELEMENT;
  const there = existsSync(path) ? Math.floor((await stat(path)).size / size) : 0;
  if (there > 0) await truncate(path, there * size);
  for (let from = there; from < texts.length; from += TEXTS_PER_CALL) {
    signal.throwIfAborted();
    const vectors = await embedder.embed(texts.slice(from, from + TEXTS_PER_CALL));
    await appendFile(
      path,
      Buffer.concat(vectors.map((vector) => Buffer.from(Float32Array.from(vector).buffer))),
    );
    process.stderr.write(`\rembedding ${Math.min(texts.length, from + TEXTS_PER_CALL)}/${texts.length} `);
  }
  if (there < texts.length) process.stderr.write('\n');
}
