import { expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { createChunkActivities } from '../../activities/chunk.ts';
import { createEmbedActivities } from '../../activities/embed.ts';
import { createExtractActivities } from '../../activities/extract.ts';
import type { DocumentSandbox } from '../../activities/ports/documents.ts';
import '../helpers/any-realm.ts';
import { bookFolder } from '../helpers/book-folder.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { runActivity } from '../helpers/run-activity.ts';
import { limits, pipeline } from '../helpers/scanned-library.ts';

const sandbox: DocumentSandbox = {
  open: () => Promise.reject(new Error('read')),
  chunk: () => {
    throw new Error('cut');
  },
  [Symbol.asyncDispose]: async () => {},
};

async function workerOf(embedderId: string) {
  const folder = await bookFolder({ 'a.txt': 'a' });
  const catalog = new MemoryCatalog();
  await catalog.putLibrary({ library: 'default', embedderId, dimensions: 2 });
  const common = { artifacts: new FileArtifacts(folder.at('artifacts')), catalog, pipeline, limits };
  const { extractBook } = createExtractActivities({ ...common, sandbox, roots: [] });
  const { chunkBook } = createChunkActivities({ ...common, sandbox });
  const embedder = { id: pipeline.embedderId, dimensions: 2, maxTokens: 256, embed: async () => [] };
  const { embedBook } = createEmbedActivities({
    ...{ ...common, embedder: { ...embedder, [Symbol.asyncDispose]: async () => {} } },
    ...{ chunksPerBatch: 4, onBatch: () => {} },
  });
  const book = { bookId: 'b', path: folder.at('a.txt') };
  const of = { library: 'default', ...book };
  const steps: Record<string, (told: { readonly library?: string }) => ReturnType<typeof runActivity>> = {
    extract: () => runActivity(extractBook, of),
    chunk: (told) => runActivity(chunkBook, { ...book, ...told, pagesKey: `pages/${'a'.repeat(32)}` }),
    embed: (told) => runActivity(embedBook, { ...book, ...told, chunksKey: `chunks/${'a'.repeat(32)}` }),
  };
  return { steps, [Symbol.asyncDispose]: async () => await folder[Symbol.asyncDispose]() };
}

test.each(['extract', 'chunk', 'embed'])(
  'a worker with another model than the library has leaves the step %s to others',
  async (step) => {
    await using other = await workerOf('former');
    expect((await other.steps[step]?.({ library: 'default' }))?.failure).toMatchObject({
      ...{ type: 'WORKER_MODEL_MISMATCH', nonRetryable: false },
    });
    await using same = await workerOf(pipeline.embedderId);
    const { type } = (await same.steps[step]?.({ library: 'default' }))?.failure ?? {};
    expect(type).toBe(step === 'extract' ? 'INTERNAL' : 'ARTIFACT_CORRUPT');
  },
);

test('a history of before steps were told of their library goes on', async () => {
  await using other = await workerOf('former');
  expect((await other.steps.chunk?.({}))?.failure?.type).toBe('ARTIFACT_CORRUPT');
  expect((await other.steps.embed?.({}))?.failure?.type).toBe('ARTIFACT_CORRUPT');
});
