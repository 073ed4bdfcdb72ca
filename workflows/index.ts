/** Every workflow, for the bundle that the workers run. */
export { answerQuestion } from './answer-question.ts';
export { ingestBook } from './ingest-book.ts';
export { ingestLibrary } from './ingest-library.ts';
export { listBooks } from './list-books.ts';
export { searchLibrary } from './search-library.ts';
