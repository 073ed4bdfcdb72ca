/** The lists of a run's books, read page by page: which book is to be started next. */
import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { ScanActivities } from '../activities/scan.ts';
import type { ManifestEntry } from './contract.ts';
import { policies } from './policies.ts';
import type { RunWindow } from './run-window.ts';
import type { ManifestPlace } from './waiting-books.ts';

const { readManifest } = proxyActivities<ScanActivities>(policies.quick);

/** Manifest entries fetched at once: with paths of ordinary length a page stays under 32 KB. */
const MANIFEST_PAGE = 100;

export interface NextBook {
  readonly entry: ManifestEntry;
  /** Null for one that was moved to the front. */
  readonly place: ManifestPlace | null;
}

export class ManifestPages {
  #page: readonly ManifestEntry[] = [];
  #pageAt = '';

  /** Null when books were moved while it was fetched, and the question must be asked again. */
  async next(window: RunWindow): Promise<NextBook | null> {
    if (window.first) return { entry: window.first, place: null };
    const place = window.next;
    if (!place) return null;
    const { manifestKey, index } = place;
    if (this.#pageAt !== `${manifestKey} ${index}`)
      this.#page = await readManifest({ manifestKey, from: index, limit: MANIFEST_PAGE });
    const [entry, ...rest] = this.#page;
    if (entry === undefined)
      throw ApplicationFailure.nonRetryable(
        `The list of the run's books ends before book ${index + 1}. Run it again`,
        'ARTIFACT_CORRUPT',
      );
    const now = window.next;
    if (window.first || now?.manifestKey !== manifestKey || now.index !== index) {
      this.#pageAt = `${manifestKey} ${index}`;
      return null;
    }
    this.#page = rest;
    this.#pageAt = rest.length > 0 ? `${manifestKey} ${index + 1}` : '';
    return { entry, place };
  }

  /** What was given last was not started: it is fetched again. */
  forget(): void {
    this.#pageAt = '';
  }
}
