/** A run watched to its end, as `ingest` and `retry` do. */
import type { Command } from 'commander';
import type { ScriptoriumClient } from '../index.ts';
import type { IngestHandle, IngestResult } from '../ingest-handle.ts';
import { tellingOfMissingWorkers } from './missing-workers.ts';
import { duration, exitCodes, plural, printable, printResult, say } from './output.ts';
import { createProgressView } from './progress.ts';

/** Shows progress and then the result, and sets the exit code by it. */
export async function watchToEnd(
  client: ScriptoriumClient,
  run: IngestHandle,
  command: Command,
): Promise<void> {
  const result = await watch(client, run);
  printResult(command, resultJson(result), () => summary(result));
  process.exitCode = exitCodeOf(result);
}

export function exitCodeOf({ state, books }: Pick<IngestResult, 'state' | 'books'>): number {
  const { failed, cancelled, ingested, unchanged } = books;
  // One that was cancelled while it looked for books has counted none.
  if (failed + cancelled === 0 && state === 'done') return exitCodes.done;
  return ingested + unchanged + failed > 0 ? exitCodes.someBooksFailed : exitCodes.failed;
}

/** Ctrl-C ends the watching only: the run is durable. */
async function watch(client: ScriptoriumClient, run: IngestHandle): Promise<IngestResult> {
  const view = createProgressView();
  const stopWatching = run.onProgress((progress) => view.update(progress));
  const interrupted = (): void => {
    view.stop();
    say(`The run goes on in the background as ${run.workflowId}; \`scriptorium status\` shows it.`);
    process.exit(exitCodes.interrupted);
  };
  // It may come twice: from the terminal, and from a program that hands it on.
  process.on('SIGINT', interrupted);
  try {
    return await tellingOfMissingWorkers(client, { note: (line) => view.note(line) }, () =>
      run.result({ onOutage: (out) => view.note(out ? OUTAGE : OUTAGE_OVER) }),
    );
  } finally {
    process.off('SIGINT', interrupted);
    stopWatching();
    view.stop();
  }
}

const OUTAGE = 'Temporal does not answer; waiting. The run goes on when it is back.';
const OUTAGE_OVER = 'Temporal answers again.';

function resultJson({
  workflowId,
  library,
  state,
  books,
  chunks,
  failures,
  skippedFiles,
  pruned = 0,
  seconds,
}: IngestResult): object {
  return { workflowId, library, state, books, chunks, failures, skippedFiles, pruned, seconds };
}

function summary(result: IngestResult): string[] {
  const { library, state, books, chunks, failures, skippedFiles, pruned = 0, seconds } = result;
  const counts = `${books.ingested} ingested, ${books.unchanged} unchanged, ${books.failed} failed, ${books.cancelled} cancelled`;
  const skipped = Object.entries(skippedFiles).map(([ending, count]) => `${count} ${printable(ending)}`);
  const { incomplete = 0 } = books;
  const unlisted = books.failed - failures.length;
  return [
    ...(state === 'cancelled' ? ['The run was cancelled before it was done.'] : []),
    `Library ${library}: ${plural(books.total, 'book')}: ${counts}; ${plural(chunks, 'chunk')} in ${duration(seconds)}.`,
    ...(incomplete > 0
      ? [
          `${plural(incomplete, 'book')} ${incomplete === 1 ? 'is' : 'are'} damaged in part: scriptorium books --library ${library}`,
        ]
      : []),
    ...(pruned > 0 ? [`Removed, because their file is gone: ${plural(pruned, 'book')}.`] : []),
    ...(skipped.length > 0 ? [`Files of other kinds, passed over: ${skipped.join(', ')}.`] : []),
    ...failures.map(
      ({ path, stage, code, message }) => `  ${code} (${stage}) ${printable(path)}: ${printable(message)}`,
    ),
    ...(unlisted > 0 ? [`  and ${unlisted} more: scriptorium failures --library ${library}`] : []),
  ];
}
