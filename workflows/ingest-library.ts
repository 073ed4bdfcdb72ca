/** The run over a library: scans it, keeps a window of child workflows full, and ends with what became of every book. */

import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  patched,
  setHandler,
} from '@temporalio/workflow';
import {
  type BookReport,
  bookDoneSignal,
  type IngestLibraryInput,
  type IngestLibraryResult,
  ingestLibraryInput,
  type RunProgress,
  runProgressQuery,
} from './contract.ts';
import { parseInput } from './input.ts';
import { LibraryRun } from './library-run.ts';
import { isUnderAnotherId, runUnderItsOwnId } from './run-front.ts';
import { showCancelled, showRun } from './run-view.ts';
import { steer } from './steering.ts';

const bookDone = defineSignal<[BookReport]>(bookDoneSignal);
const runProgress = defineQuery<RunProgress>(runProgressQuery);

export async function ingestLibrary(raw: IngestLibraryInput): Promise<IngestLibraryResult> {
  const input = parseInput(ingestLibraryInput, raw);
  if (isUnderAnotherId(input.library)) return await runUnderItsOwnId(input);
  const run = new LibraryRun(input);
  // Reports that came between two steps are delivered the moment there is a handler: the window is there already.
  setHandler(bookDone, (report) => run.report(report));
  setHandler(runProgress, () => run.progress());
  steer(run);
  try {
    await untilSettledOrLong(run);
  } catch (error) {
    if (!isCancellation(error) && !CancellationScope.current().consideredCancelled) throw error;
    await CancellationScope.nonCancellable(async () => {
      await run.cancel();
      if (!patched('cancelled-runs-answer-and-say-so')) return;
      // Who asked for it by an update waits for its answer.
      await condition(allHandlersFinished);
      showCancelled(run);
    });
    throw error;
  }
  if (run.isOpen) await continueAsNew<typeof ingestLibrary>(run.nextStep());
  return run.finish();
}

/** An update that is at work may still add books. */
async function untilSettledOrLong(run: LibraryRun): Promise<void> {
  await run.scan();
  do {
    await run.step();
    await condition(allHandlersFinished);
  } while (run.isOpen && !run.isLong);
  showRun(run);
}
