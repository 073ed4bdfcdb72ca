/** Activities without work behind them, for the shape of a run. Each book's fate is in its path. */
import { ApplicationFailure, Context, sleep } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { ExtractedBook, ExtractInput } from '../../activities/extract.ts';
import type { OutcomeInput } from '../../activities/run.ts';
import type { BookReport, ManifestEntry, ScanResult, WaitingBook } from '../../workflows/contract.ts';

export interface FakeLibrary {
  readonly entries: readonly ManifestEntry[];
  readonly scan?: Partial<ScanResult>;
  /** What `checkBook` says of books that another run's child has ingested. */
  readonly current?: boolean;
  /** What a look at silent children gives. */
  readonly looks?: readonly BookReport[];
}

/** What the fakes saw. */
export class Seen {
  inFlight = 0;
  mostInFlight = 0;
  readonly committed: string[] = [];
  readonly outcomes: OutcomeInput[] = [];
  readonly dropped: string[] = [];
  readonly calls: string[] = [];
  readonly scans: object[] = [];
  retried: ManifestEntry[] = [];
  /** Until then books that are `held` are not read. */
  released = false;
  /** How long it takes to look for failed books, and to record an outcome. */
  slowMs = 0;
  /** Outcomes that were to be recorded. */
  recording = 0;

  get read(): string[] {
    return this.calls
      .filter((call) => call.startsWith('extract '))
      .map((call) => call.slice('extract /books/'.length));
  }
}

export function fakeActivities(library: FakeLibrary, seen: Seen, client: Client) {
  /** Book ids that failed, and those that were mended since. */
  const failed = new Map<string, ManifestEntry>();
  const extracted = (input: ExtractInput): ExtractedBook => ({
    ...{ pagesKey: 'p', sha256: 's', revision: 'r', pipeline: 'f', bytes: 1, mtimeMs: 1, pages: 3 },
    ...{ format: 'text', title: input.path, author: null, language: null, year: null },
  });
  let shortVerifies = 1;
  let lateMiscounts = 1;
  return {
    scanLibrary: async (input: { retry?: string } = {}): Promise<ScanResult> => {
      seen.scans.push(input);
      const again = input.retry !== undefined;
      if (again) await sleep(seen.slowMs);
      const nothing = { unchanged: 0, failed: 0, failures: [], skippedFiles: {} };
      if (again) seen.retried = [...failed.values()];
      const found = again ? seen.retried : library.entries;
      return {
        ...{ manifestKey: again ? 'again' : 'm', toIngest: found.length },
        ...nothing,
        ...(again ? { retried: found.length } : library.scan),
      };
    },
    readManifest: async ({
      manifestKey,
      from,
      limit,
    }: {
      manifestKey: string;
      from: number;
      limit: number;
    }) => (manifestKey === 'again' ? seen.retried : library.entries).slice(from, from + limit),
    findInManifest: async ({ books }: { books: readonly string[] }): Promise<WaitingBook[]> =>
      [...library.entries, ...seen.retried]
        .map((entry, ordinal) => ({ ordinal, entry }))
        .filter(({ entry }) => books.includes(entry.bookId) || books.includes(entry.path)),
    checkBook: async () => library.current ?? true,
    extractBook: async (input: ExtractInput): Promise<ExtractedBook> => {
      seen.calls.push(`extract ${input.path}`);
      seen.inFlight += 1;
      seen.mostInFlight = Math.max(seen.mostInFlight, seen.inFlight);
      try {
        if (input.path.includes('broken'))
          throw ApplicationFailure.create({
            type: 'CORRUPT_FILE',
            message: 'torn',
            nonRetryable: true,
            details: [1],
          });
        if (input.path.includes('fails-once') && !failed.delete(input.bookId)) {
          failed.set(input.bookId, { bookId: input.bookId, path: input.path, bytes: 10 });
          throw ApplicationFailure.nonRetryable('not yet', 'SOURCE_MISSING');
        }
        if (input.path.includes('endless')) await until(() => false);
        if (input.path.includes('held')) await until(() => seen.released);
        await sleep(5);
        return extracted(input);
      } finally {
        seen.inFlight -= 1;
      }
    },
    chunkBook: async () => ({ chunksKey: 'c', chunks: 4 }),
    embedBook: async () => ({ vectorsKey: 'v', embedded: 4 }),
    upsertBook: async ({ path }: { path: string }) => {
      seen.calls.push(`upsert ${path}`);
      return { points: 4 };
    },
    verifyBook: async () => {
      const calls = seen.calls.at(-1) ?? '';
      if (calls.includes('never-right')) return { points: 3, stale: 0 };
      if (calls.includes('wrong-once') && shortVerifies-- > 0) return { points: 5, stale: 0 };
      return { points: 4, stale: calls.includes('replaced') ? 2 : 0 };
    },
    commitBook: async ({ path }: { path: string }) => {
      if (path.includes('miscounted-once') && lateMiscounts-- > 0)
        throw ApplicationFailure.nonRetryable('the store held 3 points of 4', 'COUNT_MISMATCH', 3);
      seen.committed.push(path);
      seen.calls.push(`commit ${path}`);
    },
    dropStale: async ({ bookId }: { bookId: string }) => {
      seen.calls.push(`drop ${bookId}`);
      return { dropped: seen.dropped.push(bookId) };
    },
    dropRevision: async ({ bookId }: { bookId: string }) => void seen.dropped.push(bookId),
    recordOutcome: async (input: OutcomeInput) => {
      seen.recording += 1;
      await sleep(seen.slowMs);
      seen.outcomes.push(input);
    },
    inspectChildren: async () => library.looks ?? [],
    cancelWorkflow: async ({ workflowId }: { workflowId: string }) =>
      void (await client.workflow.getHandle(workflowId).cancel()),
  };
}

/** Or until the activity is cancelled. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    Context.current().heartbeat();
    await sleep(50);
  }
}

export const entriesOf = (...names: string[]): ManifestEntry[] =>
  names.map((name) => ({ bookId: `id-${name}`, path: `/books/${name}`, bytes: 10 }));
