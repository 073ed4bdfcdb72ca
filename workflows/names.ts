/**
 * The names that the workflows go by: their queues, types, ids, signals and queries. Without schemas, so that the bundle
 * of `ingestBook` loads none (documents.ts).
 */

/** Each kind of work has a queue, so that it can have machines of its own. */
export const taskQueues = {
  /** Workflows of ingestion and their light activities. The name that people type. */
  main: 'scriptorium',
  /** Reading, cutting and storing books: CPU and disk. */
  documents: 'scriptorium-documents',
  /** Embedding: GPU, or all cores. */
  embed: 'scriptorium-embed',
  /** Questions: never behind a batch. */
  query: 'scriptorium-query',
} as const;
export type QueueName = keyof typeof taskQueues;

export const workflowTypes = {
  ingestLibrary: 'ingestLibrary',
  ingestBook: 'ingestBook',
  answerQuestion: 'answerQuestion',
  searchLibrary: 'searchLibrary',
  listBooks: 'listBooks',
} as const;

/** Workflow id of the run over a library: one at a time. */
export const ingestLibraryId = (library: string): string => `ingest/${library}`;
/** Workflow id of a book's ingestion: never two at once for one book. */
export const ingestBookId = (library: string, bookId: string): string => `ingest/${library}/${bookId}`;

/** Signal of a child to its run. */
export const bookDoneSignal = 'bookDone';

/** Query on a book's ingestion: its stage and counts so far. */
export const bookProgressQuery = 'bookProgress';
