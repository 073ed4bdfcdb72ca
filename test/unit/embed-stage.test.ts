/** Embedding: goes on behind what is on disk, and takes the vectors of passages that the former edition has. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { createEmbedActivities } from '../../activities/embed.ts';
import { hashOf } from '../../activities/naming.ts';
import { chunksKeyOf, type Pipeline, pagesKeyOf, vectorsKeyOf } from '../../activities/pipeline.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';
import { parseVector } from '../../activities/vector-record.ts';
import { record } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { chunkOf, writeChunks, writeVectors } from '../helpers/artifact-records.ts';
import { withFlippedBit } from '../helpers/flipped-bit.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { resultOf, runActivity } from '../helpers/run-activity.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const pipeline: Pipeline = {
  ...{ extractor: 'e1', chunker: 'c1', chunking: { maxTokens: 256, overlapTokens: 32 } },
  ...{ tokenizerPath: '/tokenizer.json', embedderId: 'model', dimensions: 2 },
};

/** A vector that tells its text, and the generation of the model that made it. */
class FakeEmbedder implements Embedder {
  readonly id = 'model';
  readonly dimensions = 2;
  readonly maxTokens = 256;
  readonly asked: string[] = [];
  generation = 1;
  failAfter = Number.POSITIVE_INFINITY;

  async embed(texts: readonly string[]): Promise<readonly Float32Array[]> {
    if (this.asked.length >= this.failAfter) throw new Error('out of order');
    this.asked.push(...texts);
    return texts.map((text) => vectorOf(text, this.generation));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function vectorOf(text: string, generation: number): Float32Array {
  return Float32Array.of(Number.parseInt(hashOf(text).slice(0, 5), 16), generation);
}

async function shelf(texts: readonly string[]) {
  const folder = await tempFolder();
  const artifacts = new FileArtifacts(folder.path);
  const embedder = new FakeEmbedder();
  const catalog = new MemoryCatalog();
  const { embedBook } = createEmbedActivities({
    ...{ embedder, artifacts, pipeline, catalog, chunksPerBatch: 4, limits: { maxOutageMs: 1e9 } },
    onBatch: () => {},
  });
  const input = { bookId: 'b1', path: '/a.pdf', chunksKey: `chunks/${hashOf('new edition')}` };
  const chunks = texts.map((text, ordinal) => chunkOf(ordinal, text));
  await writeChunks(artifacts, input.chunksKey, chunks);
  /** The former edition, as it was committed. */
  const former = async (old: readonly string[], vectors = old.map((text) => vectorOf(text, 0))) => {
    const chunksKey = chunksKeyOf(pagesKeyOf('old', pipeline), pipeline);
    const vectorsKey = vectorsKeyOf(chunksKey, pipeline);
    await writeChunks(
      artifacts,
      chunksKey,
      old.map((text, ordinal) => chunkOf(ordinal, text)),
    );
    await writeVectors(artifacts, vectorsKey, vectors);
    await catalog.put(record('b1', { bookId: 'b1', revision: 'r1', sha256: 'old' }));
    return { chunksKey, vectorsKey };
  };
  const vectors = async (): Promise<Float32Array[]> => {
    await using reader = await artifacts.open(vectorsKeyOf(input.chunksKey, pipeline));
    if (!reader) throw new Error('there are no vectors');
    return (await Array.fromAsync(reader.read())).map(parseVector);
  };
  return {
    embedder,
    catalog,
    embedBook,
    input,
    former,
    vectors,
    folder,
    [Symbol.asyncDispose]: async () => await folder[Symbol.asyncDispose](),
  };
}

const edition = Array.from({ length: 30 }, (_, n) => `Passage ${n}.`);
/** Each vector is that of its text; the generation tells where it came from. */
const expectVectors = (vectors: readonly Float32Array[], texts: readonly string[]): void =>
  expect(vectors.map(([first]) => first)).toEqual(texts.map((text) => vectorOf(text, 0)[0]));

describe('a new edition', () => {
  test('with one changed paragraph embeds that alone', async () => {
    const second = edition.with(17, 'Another passage.');
    await using given = await shelf(second);
    await given.former(edition);
    expect(await resultOf(given.embedBook, given.input)).toMatchObject({ embedded: 1 });
    expect(given.embedder.asked).toEqual(['Another passage.']);
    const vectors = await given.vectors();
    expectVectors(vectors, second);
    expect(vectors.filter(([, generation]) => generation === 1)).toHaveLength(1);
  });

  test('that was new when its run began is not looked up', async () => {
    await using given = await shelf(edition);
    await given.former(edition);
    expect(await resultOf(given.embedBook, { ...given.input, isNew: true })).toMatchObject({ embedded: 30 });
  });

  test('is told by the catalog which artifacts the former one was made of', async () => {
    await using given = await shelf(edition);
    const { chunksKey: chunks, vectorsKey: vectors } = await given.former(edition);
    const artifacts = { pages: 'pages/p', chunks, vectors };
    await given.catalog.put(record('b1', { bookId: 'b1', revision: 'r1', sha256: 'x', artifacts }));
    expect(await resultOf(given.embedBook, given.input)).toMatchObject({ embedded: 0 });
  });

  test('with chapters moved, passages added, left out and repeated embeds what is new', async () => {
    const second = [...edition.slice(20), 'New.', ...edition.slice(0, 12), 'New.', edition[3] ?? ''];
    await using given = await shelf(second);
    await given.former(edition);
    await resultOf(given.embedBook, given.input);
    expect(given.embedder.asked).toEqual(['New.', 'New.']);
    expectVectors(await given.vectors(), second);
  });

  test('in the worst order of all is right, and reads the old vectors a bounded number of times', async () => {
    const long = Array.from({ length: 600 }, (_, n) => `Passage ${n}.`);
    await using given = await shelf(long.toReversed());
    await given.former(long);
    await resultOf(given.embedBook, given.input);
    expect(given.embedder.asked.length).toBeGreaterThan(300);
    expect(given.embedder.asked.length).toBeLessThan(400);
    expectVectors(await given.vectors(), long.toReversed());
  });

  test('goes on behind the last batch on disk', async () => {
    const second = [...edition.slice(0, 10), ...Array.from({ length: 20 }, (_, n) => `New ${n}.`)];
    await using given = await shelf(second);
    await given.former(edition);
    given.embedder.failAfter = 8;
    expect((await runActivity(given.embedBook, given.input)).failure).toBeDefined();
    const before = given.embedder.asked.length;
    given.embedder.failAfter = Number.POSITIVE_INFINITY;
    await resultOf(given.embedBook, given.input, { attempt: 2 });
    expect(new Set(given.embedder.asked).size).toBe(20);
    expect(given.embedder.asked.length - before).toBeLessThanOrEqual(20 - before + 4);
    expectVectors(await given.vectors(), second);
  });
});

describe('every passage is embedded', () => {
  test('of a book that is new', async () => {
    await using given = await shelf(edition);
    expect(await resultOf(given.embedBook, given.input)).toMatchObject({ embedded: 30 });
  });

  test('when the vectors of the former edition are not as many as its chunks, or of another length', async () => {
    for (const vectors of [[Float32Array.of(1, 2)], edition.map(() => Float32Array.of(1, 2, 3))]) {
      await using given = await shelf(edition);
      await given.former(edition, vectors);
      expect(await resultOf(given.embedBook, given.input)).toMatchObject({ embedded: 30 });
    }
  });

  test('when the former edition was embedded with another model', async () => {
    await using given = await shelf(edition);
    const { chunksKey: chunks } = await given.former(edition);
    const artifacts = { pages: 'pages/p', chunks, vectors: `vectors/${hashOf('another model')}` };
    await given.catalog.put(record('b1', { bookId: 'b1', revision: 'r1', sha256: 'old', artifacts }));
    expect(await resultOf(given.embedBook, given.input)).toMatchObject({ embedded: 30 });
  });

  test('when the former edition was never committed', async () => {
    await using given = await shelf(edition);
    await given.former(edition);
    await given.catalog.put(record('b1', { bookId: 'b1', revision: null, sha256: 'old' }));
    expect(await resultOf(given.embedBook, given.input)).toMatchObject({ embedded: 30 });
  });
});

test('an artifact of the former edition that is damaged is no failure of the new one', async () => {
  await using given = await shelf(edition);
  const { vectorsKey } = await given.former(edition);
  await spoil(given.folder.path, vectorsKey);
  await resultOf(given.embedBook, given.input);
  expectVectors(await given.vectors(), edition);
  expect(given.embedder.asked.length).toBeGreaterThan(0);
});

/** Flips a bit in the middle of an artifact. */
async function spoil(folder: string, key: string): Promise<void> {
  const [kind = '', hash = ''] = key.split('/');
  const path = join(folder, kind, hash.slice(0, 2), hash);
  const content = await readFile(path);
  await writeFile(path, withFlippedBit(content, content.byteLength * 4));
}
