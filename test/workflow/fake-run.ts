/** A run without books, for what its clients do: it takes the updates and goes on, step by step, until it is told. */
import { ApplicationFailure } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import type { IngestLibraryInput, IngestLibraryResult, RunProgress } from '../../workflows/contract.ts';
import type { RunState, Steered } from '../../workflows/run-contract.ts';

/** `next` continues as new, `end` ends the run. */
const tell = defineSignal<['next' | 'end']>('tell');
const runProgress = defineQuery<RunProgress>('runProgress');
const counts = { total: 10, ingested: 4, unchanged: 0, failed: 1, cancelled: 0 };

export async function ingestLibrary(input: IngestLibraryInput): Promise<IngestLibraryResult> {
  let told: 'next' | 'end' | undefined;
  let state: RunState = 'ingesting';
  let parallel = input.parallel ?? 5;
  const steered = (books = 0): Steered => ({ state, parallel, books });
  const becomes = (next: RunState) => (): Steered => {
    state = next;
    return steered();
  };
  const setParallel = (change: { parallel: number }): Steered => {
    parallel = change.parallel;
    return steered();
  };
  setHandler(tell, (what) => {
    told = what;
  });
  setHandler(runProgress, () => progressOf(input, state, parallel));
  setHandler(defineUpdate<Steered>('pause'), becomes('paused'));
  setHandler(defineUpdate<Steered>('resume'), becomes('ingesting'));
  setHandler(defineUpdate<Steered, [{ parallel: number }]>('setParallel'), setParallel, {
    validator: refuse13,
  });
  for (const name of ['cancelBooks', 'moveToFront'])
    setHandler(defineUpdate<Steered, [{ books: string[] }]>(name), ({ books }) => steered(books.length));
  setHandler(defineUpdate<Steered, [{ all: boolean }]>('retryFailed'), ({ all }) => steered(all ? 3 : 1));
  await condition(() => told !== undefined);
  if (told === 'next') await continueAsNew<typeof ingestLibrary>({ ...input, parallel });
  return resultOf(input, parallel);
}

function refuse13({ parallel }: { parallel: number }): void {
  if (parallel === 13) throw ApplicationFailure.nonRetryable('13 is unlucky', 'INVALID_ARGUMENT');
}

function progressOf({ library = '' }: IngestLibraryInput, state: RunState, parallel: number): RunProgress {
  const formats = { '.pdf': { bytes: 100, settledBytes: 50, ingestedBytes: 50, chunks: 40 } };
  const nothing = { samples: [], running: [], failures: [] };
  return { library, state, parallel, books: counts, chunks: 40, formats, startedAtMs: 0, ...nothing };
}

function resultOf({ library = '' }: IngestLibraryInput, parallel: number): IngestLibraryResult {
  const workflowId = `ingest/${library}`;
  // What a later run must not be taken for: the parallelism tells them apart.
  return { workflowId, library, books: counts, chunks: parallel, failures: [], skippedFiles: {}, seconds: 1 };
}
