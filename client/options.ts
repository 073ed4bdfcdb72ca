/** What may be said with a call of the client. */
import type { SearchFilters, SearchMode } from '../workflows/filter-contract.ts';
import type { BookSummary } from '../workflows/result-contract.ts';
import type { AnswerOptions } from './ask.ts';
import type { Patience } from './in-time.ts';
import type { ProgressListener } from './ingest-handle.ts';

export interface IngestOptions {
  /** Library that the books belong to. Default `default`. */
  readonly library?: string;
  /** Books at once, 1 to 500. Default 5. */
  readonly parallel?: number;
  /** Removes the books below the paths whose source is gone; refused when more than a tenth would go. Default false. */
  readonly prune?: boolean;
  /** Prunes however many would go. Default false. */
  readonly force?: boolean;
  /** Called about once a second until the run is over. */
  readonly onProgress?: ProgressListener;
}

export interface RetryOptions extends Pick<IngestOptions, 'library' | 'parallel' | 'onProgress'> {
  /** Also the books whose content is at fault. Default false. */
  readonly all?: boolean;
}

export interface QueryOptions {
  /** Default: all libraries. */
  readonly library?: string;
  /** What the passages must be of: book, title, author, language, format, section, pages, years. */
  readonly filters?: SearchFilters;
  /** Hits, or passages for the answer, 1 to 100. Default 10. */
  readonly topK?: number;
  /** Hits of one book. Default: as many as there are. */
  readonly perBook?: number;
}

export interface SearchOptions extends QueryOptions, Patience {
  /** By meaning and words, or by one of them. Default `hybrid`. */
  readonly mode?: SearchMode;
  /** Chunks before and after a hit that are joined to it, 0 to 3. Default 1. */
  readonly neighbours?: number;
}

export type AskOptions = QueryOptions & AnswerOptions;

export interface BooksOptions {
  /** Default: all libraries. */
  readonly library?: string;
  readonly state?: BookSummary['state'];
}
