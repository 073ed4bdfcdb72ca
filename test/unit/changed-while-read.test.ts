/** A file that gets other content after it was hashed: nothing may stand under the hash of the former one. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import { createExtractActivities, parsePage } from '../../activities/extract.ts';
import type { DocumentSandbox, OpenDocument } from '../../activities/ports/documents.ts';
import '../helpers/any-realm.ts';
import { bookFolder } from '../helpers/book-folder.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { runActivity } from '../helpers/run-activity.ts';
import { limits, pipeline } from '../helpers/scanned-library.ts';

const [FORMER, NEWER] = ['the former text', 'a newer text of another length'];
const UNITS = 100;

/** Each page is the file's text when the page is read; `change` is done once, at the moment that is named. */
function sandboxThat(changesWhen: 'opened' | 'read' | 'never', change: () => Promise<void>): DocumentSandbox {
  const meta = { format: 'text', title: null, author: null, language: null, year: null } as const;
  return {
    async open(path): Promise<OpenDocument> {
      if (changesWhen === 'opened') await change();
      return {
        meta: { ...meta, units: UNITS, paged: false, engine: 'fake' },
        async read(from, to) {
          if (changesWhen === 'read' && from > 0) await change();
          const text = readFileSync(path, 'utf8');
          return Array.from({ length: to - from }, (_, at) => ({
            index: from + at,
            page: null,
            section: [],
            text,
          }));
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

test.each(['opened', 'read'] as const)(
  'as it is %s is read again, and each content has its own pages',
  async (when) => {
    await using folder = await bookFolder({ 'a.txt': FORMER });
    const path = folder.at('a.txt');
    const artifacts = new FileArtifacts(folder.at('artifacts'));
    const textsOf = async (pagesKey: string) => {
      await using reader = await artifacts.open(pagesKey);
      const texts = new Set<string>();
      if (reader) for await (const record of reader.read()) texts.add(parsePage(record).text);
      return [...texts];
    };
    const extract = async (sandbox: DocumentSandbox) => {
      const common = { artifacts, catalog: new MemoryCatalog(), pipeline, limits };
      const { extractBook } = createExtractActivities({ ...common, sandbox, roots: [] });
      return await runActivity(extractBook, { library: 'default', bookId: 'b', path });
    };
    const changing = await extract(sandboxThat(when, () => writeFile(path, NEWER)));
    expect(changing.failure).toMatchObject({ type: 'SOURCE_CHANGED', nonRetryable: false });
    const honest = sandboxThat('never', async () => {});
    const newer = (await extract(honest)).result;
    expect(await textsOf(newer?.pagesKey ?? '')).toEqual([NEWER]);
    await writeFile(path, FORMER);
    const former = (await extract(honest)).result;
    expect(former).toMatchObject({ pages: UNITS });
    expect(await textsOf(former?.pagesKey ?? '')).toEqual([FORMER]);
  },
);

test('and looks broken for that is no broken book', async () => {
  await using folder = await bookFolder({ 'a.txt': FORMER });
  const path = folder.at('a.txt');
  const broken: DocumentSandbox = {
    ...sandboxThat('never', async () => {}),
    async open() {
      if (readFileSync(path, 'utf8') === FORMER) await writeFile(path, NEWER);
      throw new ScriptoriumError('CORRUPT_FILE', 'no book');
    },
  };
  const common = { artifacts: new FileArtifacts(folder.at('artifacts')), catalog: new MemoryCatalog() };
  const { extractBook } = createExtractActivities({
    ...common,
    pipeline,
    limits,
    sandbox: broken,
    roots: [],
  });
  const { failure } = await runActivity(extractBook, { library: 'default', bookId: 'b', path });
  expect(failure?.type).toBe('SOURCE_CHANGED');
  const again = await runActivity(extractBook, { library: 'default', bookId: 'b', path });
  expect(again.failure?.type).toBe('CORRUPT_FILE');
});
