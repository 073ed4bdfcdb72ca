/**
 * The workflow of the documents queue, for a bundle of its own: all modules of a bundle are evaluated anew for each
 * workflow that starts, and nine thousand books need none of the others, and none of their schemas.
 */
export { ingestBook } from './ingest-book.ts';
