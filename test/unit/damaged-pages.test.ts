/** What a file is too damaged to give is counted once, however often its reading is interrupted. */
import { expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { createExtractActivities } from '../../activities/extract.ts';
import type { DocumentSandbox, OpenDocument } from '../../activities/ports/documents.ts';
import '../helpers/any-realm.ts';
import { bookFolder } from '../helpers/book-folder.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { runActivity } from '../helpers/run-activity.ts';
import { limits, pipeline } from '../helpers/scanned-library.ts';

const PAGES = 150;

/** Every fiftieth page is damaged, and two parts are missing; `reads` is asked before each range. */
function sandboxWith(reads: (from: number) => void): DocumentSandbox {
  const meta = { format: 'pdf', title: null, author: null, language: null, year: null } as const;
  return {
    async open(): Promise<OpenDocument> {
      return {
        meta: { ...meta, units: PAGES, paged: true, engine: 'fake', unreadable: 2 },
        async read(from, to) {
          reads(from);
          return Array.from({ length: to - from }, (_, at) => {
            const page = from + at + 1;
            const common = { index: page - 1, page, section: [] };
            return page % 50 === 0
              ? { ...common, text: '', unreadable: true }
              : { ...common, text: 'A page with many more letters than ten.' };
          });
        },
        [Symbol.asyncDispose]: async () => {},
      };
    },
    chunk: () => {
      throw new Error('cut');
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

test('over interruptions, and where the pages are there already', async () => {
  await using folder = await bookFolder({ 'a.pdf': '%PDF' });
  const common = {
    ...{ artifacts: new FileArtifacts(folder.at('artifacts')), catalog: new MemoryCatalog() },
    ...{ pipeline, limits, roots: [] },
  };
  const read: number[] = [];
  let interrupts = true;
  const sandbox = sandboxWith((from) => {
    read.push(from);
    if (from > 0 && interrupts) {
      interrupts = false;
      throw new Error('interrupted');
    }
  });
  const { extractBook } = createExtractActivities({ ...common, sandbox });
  const input = { library: 'default', bookId: 'b', path: folder.at('a.pdf') };
  expect((await runActivity(extractBook, input)).failure?.message).toContain('interrupted');
  for (const _ of ['resumed', 'there already'])
    expect((await runActivity(extractBook, input)).result).toMatchObject({ pages: PAGES, unreadable: 5 });
  expect(read).toEqual([0, 64, 64, 128]);
});
