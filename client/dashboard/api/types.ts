/** What passes over HTTP, as types: the schemas stay with the server. */
import type { z } from 'zod';
import type * as contract from '../../http/contract.ts';

export type { ChunkPage, PageOfBook, Problem, Readiness } from '../../http/contract.ts';
export type Answer = contract.HttpAnswer;
export type Citation = Answer['citations'][number];
export type Book = z.infer<typeof contract.bookSummary>;
export type BookDetail = contract.BookDetail;
export type BookPage = z.infer<typeof contract.bookPage>;
export type BooksQuery = z.input<typeof contract.booksQuery>;
export type Chunk = contract.ChunkPage['chunks'][number];
export type RemovedBook = z.infer<typeof contract.removedBook>;
export type Libraries = z.infer<typeof contract.libraries>;
export type Run = contract.HttpRun;
export type RunList = z.infer<typeof contract.runList>;
export type BookInFlight = Run['running'][number];
export type BookFailure = Run['failures'][number];
export type RunAction = (typeof contract.runActions)[number];
export type RunActionBody<A extends RunAction> = z.input<(typeof contract.runActionBodies)[A]>;
export type Steered = z.infer<typeof contract.steered>;
export type Job = contract.HttpJob;
export type IndexBody = z.input<typeof contract.indexBody>;
export type FailuresQuery = z.input<typeof contract.failuresQuery>;
export type FailurePage = z.infer<typeof contract.failurePage>;
export type FailedBook = FailurePage['failures'][number];
export type SlowQuestions = z.infer<typeof contract.slowQuestions>;
export type SlowQuestion = SlowQuestions['questions'][number];
export type WhoAmI = z.infer<typeof contract.whoami>;
export type QueryBody = z.input<typeof contract.queryBody>;
export type SearchBody = z.input<typeof contract.searchBody>;
export type SearchResult = z.infer<typeof contract.searchResult>;
export type SearchHit = SearchResult['hits'][number];

type Events = typeof contract.queryEvents;
/** An event of an answer that streams, by its name. */
export type QueryEvent = {
  [Name in keyof Events]: { readonly event: Name; readonly data: z.infer<Events[Name]> };
}[keyof Events];
