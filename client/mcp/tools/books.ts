/** `list_books` and `explain`. */
import { z } from 'zod';
import { ScriptoriumError } from '../../../activities/errors.ts';
import type { BookPage, BookSummary } from '../../../workflows/result-contract.ts';
import { explainInput } from '../../../workflows/upkeep-contract.ts';
import { plural, printable } from '../../cli/output.ts';
import { explanationLines } from '../../cli/upkeep-lines.ts';
import { bookPage, booksQuery } from '../../http/contract.ts';
import { allowedScope, maySee } from '../../http/principal.ts';
import type { Explanation } from '../../upkeep.ts';
import { explanation, explanationData } from '../explanation.ts';
import { quoted } from '../quotations.ts';
import { defineTool } from '../tool.ts';
import { bookUri } from '../uris.ts';

const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

export const listBooksTool = defineTool({
  name: 'list_books',
  title: 'List the books',
  description:
    'Lists the books that were handed in, with bookId, title, author, pages and state: ingested (can be searched), failed (with the reason) or cancelled. ' +
    'Use it to see what there is, to find the bookId of a title, or to see why a book is missing. It gives one page at a time; send `next` as `after` to go on.',
  scope: 'ask',
  input: booksQuery.extend({
    library: booksQuery.shape.library.describe('Only of this library. Left out: of all that you may use.'),
    state: booksQuery.shape.state.describe('Only books in this state'),
    limit: z.int().min(1).max(200).default(50).describe('How many books at once'),
  }),
  output: bookPage,
  annotations: reads,
  run: async (query, { service, rights }) => {
    const page = await service.books({ ...query, ...allowedScope(rights, query.library) });
    return { data: page, text: pageText(page) };
  },
});

function pageText({ books, next }: BookPage): string {
  if (books.length === 0) return 'There are no such books.';
  const more = next === null ? [] : [`There are more; go on with after: ${next}`];
  return [...books.map(bookText), ...more].join('\n');
}

function bookText({ bookId, library, title, author, state, pages, failure, path }: BookSummary): string {
  const name = printable(`${title ?? path}${author ? ` (${author})` : ''}`);
  const reason = failure ? `; ${failure.code}: ${printable(failure.message)}` : '';
  return `- ${name}: ${state}, ${plural(pages, 'page')}, library ${library}, ${bookUri(bookId)}${reason}`;
}

export const explainTool = defineTool({
  name: 'explain',
  title: 'Explain where something came from',
  description:
    'Says of a book (bookId), a passage (chunkId) or a run (`ingest/LIBRARY`) where it came from: file, checksum, revision, state, and what each step of its ingestion took. ' +
    'Use it to check a citation or to find out why a book failed.',
  scope: 'ask',
  input: z.strictObject({
    id: explainInput.shape.id.describe('bookId, chunkId, or ingest/LIBRARY'),
  }),
  output: explanation,
  annotations: reads,
  run: async ({ id }, { service, rights }) => {
    const found = await service.explain(id);
    if (!libraryOf(found).every((library) => maySee(rights, library)))
      throw new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${id}`);
    return { data: explanationData(found), text: explanationText(found) };
  },
});

/** None for a passage whose book is gone: then only who may see all libraries may see it. */
function libraryOf(found: Explanation): readonly string[] {
  if (found.kind === 'run') return [found.library];
  return [found.book?.library ?? ''];
}

function explanationText(found: Explanation): string {
  if (found.kind !== 'chunk') return explanationLines(found).join('\n');
  const { chunk, book, history } = found;
  const place = `Passage ${chunk.chunkId}, number ${chunk.ordinal + 1}${chunk.searchable ? '' : ', not searchable any more'}:`;
  const of = book ? explanationLines({ kind: 'book', book, history }) : ['Its book is not known any more.'];
  return [place, quoted(chunk.text), ...of].join('\n');
}
