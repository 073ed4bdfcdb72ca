/** The vectors of a book's committed revision, by the text of their chunks: a new edition need not embed them again. */
import { createHash } from 'node:crypto';
import { parseChunk } from './chunk.ts';
import { ScriptoriumError } from './errors.ts';
import { chunksKeyOf, type Pipeline, pagesKeyOf, vectorsKeyOf } from './pipeline.ts';
import type { ArtifactReader, ArtifactStore } from './ports/artifact-store.ts';
import type { BookRecord } from './ports/catalog.ts';
import { parseVector } from './vector-record.ts';

/**
 * Vectors can be read forwards only, so each step back reads the artifact from its beginning. Far more than an edition
 * whose chapters were put in another order takes; what lies behind after that is embedded.
 */
const MAX_STEPS_BACK = 64;

/** Memory: some 100 bytes a chunk of the committed revision. */
export class KnownVectors implements AsyncDisposable {
  readonly #ordinals: ReadonlyMap<string, number>;
  readonly #vectors: ArtifactReader;
  readonly #dimensions: number;
  #records: AsyncIterator<Buffer>;
  /** Ordinal of the next record that is read. */
  #next = 0;
  #stepsBack = 0;
  /** Passages that are alike stand side by side in a batch. */
  #last: { readonly ordinal: number; readonly vector: Float32Array | null } | null = null;

  private constructor(ordinals: ReadonlyMap<string, number>, vectors: ArtifactReader, dimensions: number) {
    this.#ordinals = ordinals;
    this.#vectors = vectors;
    this.#dimensions = dimensions;
    this.#records = vectors.read()[Symbol.asyncIterator]();
  }

  /** Null when the book has no committed revision, or when its artifacts are gone, damaged, or of another model. */
  static async of(
    artifacts: ArtifactStore,
    record: BookRecord | undefined,
    pipeline: Pipeline,
  ): Promise<KnownVectors | null> {
    const keys = artifactsOf(record, pipeline);
    if (keys === null) return null;
    await using opened = new AsyncDisposableStack();
    const chunks = await artifacts.open(keys.chunks);
    if (chunks === null) return null;
    opened.use(chunks);
    const vectors = await artifacts.open(keys.vectors);
    if (vectors === null) return null;
    opened.use(vectors);
    const ordinals = chunks.records === vectors.records && (await unlessDamaged(() => ordinalsOf(chunks)));
    if (!ordinals) return null;
    opened.move();
    await chunks[Symbol.asyncDispose]();
    return new KnownVectors(ordinals, vectors, pipeline.dimensions);
  }

  /** Those vectors of the texts that are known, by the position of their text. */
  async of(texts: readonly string[]): Promise<ReadonlyMap<number, Float32Array>> {
    const wanted = texts.flatMap((text, position) => {
      const ordinal = this.#ordinals.get(hashOf(text));
      return ordinal === undefined ? [] : [{ position, ordinal }];
    });
    wanted.sort((a, b) => a.ordinal - b.ordinal);
    const found = new Map<number, Float32Array>();
    for (const { position, ordinal } of wanted) {
      const vector = await this.#vectorOf(ordinal);
      if (vector) found.set(position, vector);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vectors[Symbol.asyncDispose]();
  }

  async #vectorOf(ordinal: number): Promise<Float32Array | null> {
    if (this.#last?.ordinal === ordinal) return this.#last.vector;
    if (ordinal < this.#next && ++this.#stepsBack > MAX_STEPS_BACK) return null;
    const vector = (await unlessDamaged(() => this.#read(ordinal))) ?? null;
    this.#last = { ordinal, vector };
    return vector;
  }

  async #read(ordinal: number): Promise<Float32Array | null> {
    if (ordinal < this.#next) {
      this.#records = this.#vectors.read()[Symbol.asyncIterator]();
      this.#next = 0;
    }
    for (;;) {
      const { value, done } = await this.#records.next();
      if (done) return null;
      if (this.#next++ < ordinal) continue;
      const vector = parseVector(value);
      return vector.length === this.#dimensions ? vector : null;
    }
  }
}

/** The artifacts of the committed revision, where its vectors are of today's model; records of version 0.1 don't name them. */
function artifactsOf(
  record: BookRecord | undefined,
  pipeline: Pipeline,
): { chunks: string; vectors: string } | null {
  if (!record?.revision || !record.sha256) return null;
  const chunks = record.artifacts?.chunks ?? chunksKeyOf(pagesKeyOf(record.sha256, pipeline), pipeline);
  const vectors = vectorsKeyOf(chunks, pipeline);
  return (record.artifacts?.vectors ?? vectors) === vectors ? { chunks, vectors } : null;
}

async function ordinalsOf(chunks: ArtifactReader): Promise<ReadonlyMap<string, number>> {
  const ordinals = new Map<string, number>();
  for await (const record of chunks.read()) {
    const { ordinal, text } = parseChunk(record);
    ordinals.set(hashOf(text), ordinal);
  }
  return ordinals;
}

/** What an old artifact has lost is made anew, and no failure of the new edition. */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ScriptoriumError && error.code === 'ARTIFACT_CORRUPT') return undefined;
    throw error;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}
