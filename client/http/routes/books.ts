/** The library: its books, their pages and chunks. */
import { z } from 'zod';
import { ScriptoriumError } from '../../../activities/errors.ts';
import { type App, audit, principal, problems, type RouteContext } from '../app.ts';
import {
  API,
  bookDetail,
  bookPage,
  booksQuery,
  chunkPage,
  chunksQuery,
  libraries,
  pageText,
  removedBook,
} from '../contract.ts';
import { allowedScope, maySee, type Principal } from '../principal.ts';
import type { Service } from '../service.ts';

const bookParams = z.object({ id: z.uuid().meta({ description: 'Id of the book' }) });
const pageParams = bookParams.extend({
  n: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .meta({ description: 'Page of a PDF, or section of anything else, from 1' }),
});

export function bookRoutes(app: App, { service }: RouteContext): void {
  const tags = ['books'];
  app.get(
    `${API}/libraries`,
    {
      // Who hands books in must know of them as well as who asks.
      config: { scope: 'any' },
      schema: {
        ...{ operationId: 'listLibraries', tags, summary: 'The libraries that there are' },
        response: { 200: libraries, ...problems() },
      },
    },
    async (request) => {
      const who = principal(request);
      const names = (await service.libraries()).filter((library) => maySee(who, library));
      return { libraries: names.map((library) => ({ library })) };
    },
  );

  app.get(
    `${API}/books`,
    {
      config: { scope: 'ask' },
      schema: {
        ...{ operationId: 'listBooks', tags, summary: 'The books, page by page' },
        querystring: booksQuery,
        response: { 200: bookPage, ...problems() },
      },
    },
    async (request) => {
      const scope = allowedScope(principal(request), request.query.library);
      return await service.books({ ...request.query, ...scope });
    },
  );

  app.get(
    `${API}/books/:id`,
    {
      config: { scope: 'ask' },
      schema: {
        ...{ operationId: 'getBook', tags, summary: 'What is known of a book', params: bookParams },
        response: { 200: bookDetail, ...problems(404) },
      },
    },
    async (request) => await seen(service, principal(request), request.params.id),
  );

  app.delete(
    `${API}/books/:id`,
    {
      config: { scope: 'admin' },
      schema: {
        ...{ operationId: 'removeBook', tags, summary: 'Take a book out of its library', params: bookParams },
        description: 'No search gives anything of it any more. Its source stays.',
        response: { 200: removedBook, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { bookId, library } = await seen(service, principal(request), request.params.id);
      return await audit(request, 'remove book', { bookId, library }, () => service.remove(bookId));
    },
  );

  app.get(
    `${API}/books/:id/pages/:n`,
    {
      config: { scope: 'ask' },
      schema: {
        ...{ operationId: 'getPage', tags, summary: 'The text of a page', params: pageParams },
        response: { 200: pageText, ...problems(404) },
      },
    },
    async (request) => {
      const { id, n } = request.params;
      await assertSeen(service, principal(request), id);
      return await service.page(id, n);
    },
  );

  app.get(
    `${API}/books/:id/chunks`,
    {
      config: { scope: 'ask' },
      schema: {
        ...{ operationId: 'listChunks', tags, summary: 'The chunks of a book, in its order' },
        ...{ params: bookParams, querystring: chunksQuery },
        response: { 200: chunkPage, ...problems(404) },
      },
    },
    async (request) => {
      const { id } = request.params;
      await assertSeen(service, principal(request), id);
      return await service.chunks(id, request.query.after, request.query.limit);
    },
  );
}

/** The book, if there is one and the asker may know of it. */
async function seen(service: Service, who: Principal, bookId: string) {
  const book = await service.book(bookId);
  if (maySee(who, book.library)) return book;
  throw new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${bookId}`);
}

/** Who may see every library is told by the reading itself that there is no such book. */
async function assertSeen(service: Service, who: Principal, bookId: string): Promise<void> {
  if (who.libraries !== null) await seen(service, who, bookId);
}
