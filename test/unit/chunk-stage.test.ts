/** Cutting a book, in a process that may be too large already for what others left in it. */
import { expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { createChunkActivities } from '../../activities/chunk.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { Pipeline } from '../../activities/pipeline.ts';
import type { ChunkPlace, DocumentSandbox } from '../../activities/ports/documents.ts';
import '../helpers/any-realm.ts';
import { chunkOf } from '../helpers/artifact-records.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { runActivity } from '../helpers/run-activity.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const pipeline: Pipeline = {
  ...{ extractor: 'e1', chunker: 'c1', chunking: { maxTokens: 256, overlapTokens: 32 } },
  ...{ tokenizerPath: '/tokenizer.json', embedderId: 'model', dimensions: 2 },
};
const PAGES = 3;

/** Cuts a book of three pages by a sandbox whose process is full at the second, unless it is fresh and the book is not too large itself. */
async function cut({ isTooLarge }: { readonly isTooLarge: boolean }) {
  await using folder = await tempFolder();
  const artifacts = new FileArtifacts(folder.path);
  const pagesKey = `pages/${'a'.repeat(32)}`;
  {
    await using writer = await artifacts.create(pagesKey, 'b1', 'fresh');
    const page = (index: number) => ({ index, page: index + 1, section: [], text: `Page ${index}` });
    await writer.append(
      Array.from({ length: PAGES }, (_, index) => Buffer.from(JSON.stringify(page(index)))),
    );
    await writer.commit({});
  }
  const places: (ChunkPlace | undefined)[] = [];
  const sandbox: Pick<DocumentSandbox, 'chunk'> = {
    async *chunk(units, _options, _tokenizer, place) {
      places.push(place);
      for await (const { index, text } of units) {
        if (index === 1 && (isTooLarge || !place?.fresh))
          throw new ScriptoriumError('EXTRACTION_OUT_OF_MEMORY', 'too much');
        yield [chunkOf(index, text)];
      }
    },
  };
  const { chunkBook } = createChunkActivities({
    ...{ artifacts, pipeline, catalog: new MemoryCatalog(), limits: { maxOutageMs: 1e9 } },
    sandbox: {
      ...sandbox,
      open: () => Promise.reject(new Error('no')),
      [Symbol.asyncDispose]: async () => {},
    },
  });
  const { result, failure } = await runActivity(chunkBook, { bookId: 'b1', path: '/a.pdf', pagesKey });
  return { chunks: result?.chunks, type: failure?.type, fresh: places.map((place) => place?.fresh ?? false) };
}

test('a book for which a used process is too small is cut whole in one of its own', async () => {
  expect(await cut({ isTooLarge: false })).toEqual({ chunks: PAGES, type: undefined, fresh: [false, true] });
});

test('one that is too large for any is told of as that', async () => {
  expect(await cut({ isTooLarge: true })).toEqual({
    ...{ chunks: undefined, type: 'EXTRACTION_OUT_OF_MEMORY', fresh: [false, true] },
  });
});
