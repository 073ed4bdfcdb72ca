/** Activities without work behind them, for the shape of a run. Each book's fate is in its path. */
import { ApplicationFailure, Context, sleep } from '@temporalio/activity';
import type { ExtractedBook, ExtractInput } from '../../activities/extract.ts';
import type { OutcomeInput } from '../../activities/run.ts';
import type { ManifestEntry, ScanResult } from '../../workflows/contract.ts';

export interface FakeLibrary {
  readonly entries: readonly ManifestEntry[];
  readonly scan?: Partial<ScanResult>;
}

/** What the fakes saw. */
export class Seen {
  inFlight = 0;
  mostInFlight = 0;
  readonly committed: string[] = [];
  readonly outcomes: OutcomeInput[] = [];
  readonly dropped: string[] = [];
  readonly calls: string[] = [];
}

export function fakeActivities(library: FakeLibrary, seen: Seen) {
  const extracted = (input: ExtractInput): ExtractedBook => ({
    ...{ pagesKey: 'p', sha256: 's', revision: 'r', pipeline: 'f', bytes: 1, mtimeMs: 1, pages: 3 },
    ...{ format: 'text', title: input.path, author: null, language: null, year: null },
  });
  let shortVerifies = 1;
  return {
    scanLibrary: async (): Promise<ScanResult> => ({
      ...{
        manifestKey: 'm',
        toIngest: library.entries.length,
        unchanged: 0,
        failed: 0,
        failures: [],
        skippedFiles: {},
      },
      ...library.scan,
    }),
    readManifest: async ({ from, limit }: { from: number; limit: number }) =>
      library.entries.slice(from, from + limit),
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
        if (input.path.includes('endless')) await untilCancelled();
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
    commitBook: async ({ path }: { path: string }) => void seen.committed.push(path),
    dropStale: async ({ bookId }: { bookId: string }) => ({ dropped: seen.dropped.push(bookId) }),
    dropRevision: async ({ bookId }: { bookId: string }) => void seen.dropped.push(bookId),
    recordOutcome: async (input: OutcomeInput) => void seen.outcomes.push(input),
    inspectChildren: async () => [],
  };
}

async function untilCancelled(): Promise<never> {
  for (;;) {
    Context.current().heartbeat();
    await sleep(50);
  }
}

export const entriesOf = (...names: string[]): ManifestEntry[] =>
  names.map((name) => ({ bookId: `id-${name}`, path: `/books/${name}`, bytes: 10 }));
