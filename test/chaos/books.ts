/** The folder of a planned library. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { buildSamples } from '../../samples/build.ts';
import { brokenBooks } from '../helpers/broken-books.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import type { ChaosPlan, Content, PlannedBook } from './plan.ts';

/** What must become of a book in the run with faults. */
export interface ExpectedBook {
  readonly path: string;
  /** Null: the book is ingested, or was before and is unchanged. */
  readonly failure: string | null;
  readonly unchanged: boolean;
  /** True when a search must find it. */
  readonly searchable: boolean;
}

export interface Library {
  readonly folder: string;
  /** True when a run before the faults has something to ingest. */
  readonly known: boolean;
  readonly books: readonly ExpectedBook[];
  /** Writes the sources as they were, or as they are now. */
  write(edition: 'before' | 'now'): Promise<void>;
}

export async function libraryOf(plan: ChaosPlan, folder: string): Promise<Library> {
  const samples = await buildSamples();
  const sample = (index: number): string => samples[index % samples.length]?.path ?? '';
  const pathOf = ({ name, now }: PlannedBook): string =>
    join(folder, now.kind === 'sample' ? `${name}${extname(sample(now.index))}` : name);
  return {
    folder,
    known: plan.books.some(({ before }) => before !== null),
    books: plan.books.map((book) => expected(book, pathOf(book))),
    write: async (edition) => {
      await mkdir(folder, { recursive: true });
      for (const book of plan.books) {
        const content = edition === 'now' ? book.now : book.before;
        // A source that did not change keeps its time.
        if (edition === 'now' && isSame(book)) continue;
        if (content === null) await rm(pathOf(book), { force: true });
        else await writeContent(content, pathOf(book), sample);
      }
    },
  };
}

function expected({ before, now }: PlannedBook, path: string): ExpectedBook {
  const failure = failureOf(now);
  const wasGood = before !== null && failureOf(before) === null;
  return {
    path,
    failure,
    unchanged: failure === null && isSame({ name: '', before, now }),
    searchable: failure === null || wasGood,
  };
}

function failureOf(content: Content): string | null {
  if (content.kind !== 'broken') return null;
  return brokenBooks.find(({ name }) => name === content.name)?.code ?? 'NO SUCH BOOK';
}

function isSame({ before, now }: PlannedBook): boolean {
  return JSON.stringify(before) === JSON.stringify(now);
}

async function writeContent(
  content: Content,
  path: string,
  sample: (index: number) => string,
): Promise<void> {
  switch (content.kind) {
    case 'sample':
      return await copyFile(sample(content.index), path);
    case 'short':
      return await writeFile(path, wordsOf(content.words));
    case 'long':
      return await writeLongBook(path, content.chapters);
    case 'broken':
      return await brokenBooks.find(({ name }) => name === content.name)?.write(path);
  }
}

/** Sentences of ten words, none like another. */
function wordsOf(count: number): string {
  const words = Array.from({ length: count }, (_, at) => `${at % 10 === 0 ? 'Lantern' : 'keeper'}${at}`);
  return words.map((word, at) => (at % 10 === 9 ? `${word}.\n` : `${word} `)).join('');
}
