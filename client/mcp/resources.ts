/** Books and their pages as resources, which people attach to a conversation and models read by their addresses. */
import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  ErrorCode,
  ListResourcesRequestSchema,
  type ListResourcesResult,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import type { BookSummary } from '../../workflows/result-contract.ts';
import { plural, printable } from '../cli/output.ts';
import { placeText } from '../cli/place.ts';
import type { BookDetail } from '../http/contract.ts';
import { assertScope, maySee, type Rights } from '../http/principal.ts';
import type { Service } from '../http/service.ts';
import { quoted } from './quotations.ts';
import { failureText } from './tool.ts';
import { BOOK_TEMPLATE, bookUri, PAGE_TEMPLATE, pageUri } from './uris.ts';

/** Books in one page of the list. */
const LISTED = 200;
/** Values that a completion may have. */
const COMPLETED = 100;

export interface ResourceContext {
  readonly rights: Rights;
  service(): Promise<Service>;
}

export function addResources(mcp: McpServer, context: ResourceContext): void {
  mcp.registerResource(
    'book',
    new ResourceTemplate(BOOK_TEMPLATE, {
      list: undefined,
      complete: { bookId: (value) => read(context, () => completeBook(context, value)) },
    }),
    {
      title: 'Book',
      description: 'What is known of a book: title, author, pages, state and source',
      mimeType: 'application/json',
    },
    (uri, { bookId }) => read(context, async () => bookContents(uri, await seen(context, one(bookId)))),
  );
  mcp.registerResource(
    'page',
    new ResourceTemplate(PAGE_TEMPLATE, {
      list: undefined,
      complete: {
        bookId: (value) => read(context, () => completeBook(context, value)),
        n: (value, given) => read(context, () => completePage(context, given?.arguments?.bookId, value)),
      },
    }),
    {
      title: 'Page of a book',
      description: 'The text of a page of a PDF, or of a section of anything else, from 1; as a quotation',
      mimeType: 'text/markdown',
    },
    (uri, { bookId, n }) => read(context, () => pageContents(context, uri, one(bookId), Number(one(n)))),
  );
  // The SDK's own list has no pages.
  mcp.server.setRequestHandler(ListResourcesRequestSchema, ({ params }) =>
    read(context, () => listed(context, params?.cursor)),
  );
}

/** A variable of our templates stands for one value. */
function one(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The protocol's own: there is no such resource. */
const RESOURCE_NOT_FOUND = -32_002;

async function read<T>({ rights }: ResourceContext, work: () => Promise<T>): Promise<T> {
  try {
    assertScope(rights, 'ask');
    return await work();
  } catch (thrown) {
    if (thrown instanceof McpError) throw thrown;
    const error = toScriptoriumError(thrown);
    const missing = error.code === 'BOOK_NOT_FOUND' || error.code === 'PAGE_NOT_FOUND';
    throw new McpError(missing ? RESOURCE_NOT_FOUND : ErrorCode.InternalError, failureText(error));
  }
}

/** The book, if there is one and the asker may know of it. */
async function seen({ rights, service }: ResourceContext, bookId: string): Promise<BookDetail> {
  const missing = new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${bookId}`);
  if (!z.uuid().safeParse(bookId).success) throw missing;
  const book = await (await service()).book(bookId);
  if (!maySee(rights, book.library)) throw missing;
  return book;
}

function bookContents(uri: URL, book: BookDetail) {
  const text = JSON.stringify(book, null, 2);
  return { contents: [{ uri: uri.href, mimeType: 'application/json', text }] };
}

async function pageContents(context: ResourceContext, uri: URL, bookId: string, n: number) {
  const book = await seen(context, bookId);
  if (!Number.isSafeInteger(n) || n < 1)
    throw new ScriptoriumError('PAGE_NOT_FOUND', `${uri.href} names no page: they are counted from 1`);
  const { of, page, section, text } = await (await context.service()).page(bookId, n);
  const pages = page === null ? null : { start: page, end: page };
  const place = placeText({ title: book.title ?? book.path, author: book.author, page: pages, section });
  const head = `Quotation from ${place} (${n} of ${of}):`;
  return {
    contents: [{ uri: pageUri(bookId, n), mimeType: 'text/markdown', text: `${head}\n\n${quoted(text)}` }],
  };
}

/** Where a list goes on: in which of the libraries that the asker may use, and after which book. */
const cursorSchema = z.tuple([z.int().min(0), z.uuid().nullable()]);

async function listed({ rights, service }: ResourceContext, cursor?: string): Promise<ListResourcesResult> {
  const libraries = rights.libraries ?? [undefined];
  const [at, after] = cursor === undefined ? ([0, null] as const) : cursorIn(cursor);
  if (at >= libraries.length) return { resources: [] };
  const { books, next } = await (await service()).books({
    ...{ library: libraries[at], state: 'ingested', limit: LISTED },
    ...(after !== null && { after }),
  });
  const goOn =
    next !== null ? ([at, next] as const) : at + 1 < libraries.length ? ([at + 1, null] as const) : null;
  return {
    resources: books.map(listedBook),
    ...(goOn && { nextCursor: Buffer.from(JSON.stringify(goOn)).toString('base64url') }),
  };
}

function cursorIn(cursor: string): z.output<typeof cursorSchema> {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw new McpError(ErrorCode.InvalidParams, 'The cursor is none that this list gave');
  }
}

function listedBook({ bookId, title, author, path, library, pages }: BookSummary) {
  const name = printable(title ?? path);
  const by = author ? ` by ${printable(author)}` : '';
  const description = `${plural(pages, 'page')} in library ${library}${by}`;
  return { uri: bookUri(bookId), name, title: name, description, mimeType: 'application/json' };
}

/** Ids that begin with what was typed, or those of books whose title has it. */
async function completeBook({ rights, service }: ResourceContext, value: string): Promise<string[]> {
  const isId = /^[0-9a-f-]{0,36}$/.test(value);
  const narrowed = isId ? { ...(value !== '' && { after: justBefore(value) }) } : { title: value };
  const found = await Promise.all(
    (rights.libraries ?? [undefined]).map(async (library) => {
      const { books } = await (await service()).books({ library, limit: COMPLETED, ...narrowed });
      return books.map(({ bookId }) => bookId);
    }),
  );
  const ids = found.flat().slice(0, COMPLETED);
  return isId ? ids.filter((id) => id.startsWith(value)) : ids;
}

/** The least id that begins so: a book's own is never exactly that one. */
function justBefore(beginning: string): string {
  return `${beginning}${'00000000-0000-5000-8000-000000000000'.slice(beginning.length)}`;
}

async function completePage(
  context: ResourceContext,
  bookId: string | undefined,
  value: string,
): Promise<string[]> {
  if (bookId === undefined) return [];
  const { pages } = await seen(context, bookId).catch(() => ({ pages: 0 }));
  const found: string[] = [];
  for (let n = 1; n <= pages && found.length < COMPLETED; n++)
    if (`${n}`.startsWith(value)) found.push(`${n}`);
  return found;
}
