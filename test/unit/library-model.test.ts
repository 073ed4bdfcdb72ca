import { expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
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

test('a worker with another model than the library has does not begin its books', async () => {
  await using folder = await bookFolder({ 'a.txt': 'a' });
  const catalog = new MemoryCatalog();
  const artifacts = new FileArtifacts(folder.at('artifacts'));
  const { extractBook } = createExtractActivities({
    ...{ sandbox, artifacts, catalog, pipeline, limits, roots: [] },
  });
  const book = { library: 'default', bookId: 'b', path: folder.at('a.txt') };
  await catalog.putLibrary({ library: 'default', embedderId: 'former', dimensions: 2 });
  expect((await runActivity(extractBook, book)).failure).toMatchObject({ type: 'MODEL_MISMATCH' });
  await catalog.putLibrary({ library: 'default', embedderId: pipeline.embedderId, dimensions: 2 });
  expect((await runActivity(extractBook, book)).failure?.message).toContain('read');
});
