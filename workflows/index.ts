/** Every workflow, for the bundle that the workers run. */
export { answerQuestion } from './answer-question.ts';
export { collectGarbage } from './collect-garbage.ts';
export { explain } from './explain.ts';
export { ingestBook } from './ingest-book.ts';
export { ingestJobs } from './ingest-jobs.ts';
export { ingestLibrary } from './ingest-library.ts';
export { listBooks } from './list-books.ts';
export { maintainStore } from './maintain-store.ts';
export { questionCaches } from './question-caches.ts';
export { readBook } from './read-book.ts';
export { removeBook } from './remove-book.ts';
export { searchLibrary } from './search-library.ts';
export { verifyLibrary } from './verify-library.ts';
