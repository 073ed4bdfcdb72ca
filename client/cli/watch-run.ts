/** A run watched to its end, as `ingest` and `retry` do. */
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { IngestLibraryResult } from '../../workflows/contract.ts';
import type { ScriptoriumClient } from '../index.ts';
import type { IngestHandle } from '../ingest-handle.ts';
import { duration, exitCodes, plural, printable, printResult, say } from './output.ts';
import { createProgressView, type ProgressView } from './progress.ts';

/** Shows progress and then the result, and sets the exit code by it. */
export async function watchToEnd(
  client: ScriptoriumClient,
  run: IngestHandle,
  command: Command,
): Promise<void> {
  const result = await watch(client, run);
  printResult(command, resultJson(result), () => summary(result));
  const { failed, cancelled, ingested, unchanged } = result.books;
  if (failed + cancelled > 0)
    process.exitCode = ingested + unchanged > 0 || failed > 0 ? exitCodes.someBooksFailed : exitCodes.failed;
}

/** Ctrl-C ends the watching only: the run is durable. */
async function watch(client: ScriptoriumClient, run: IngestHandle): Promise<IngestLibraryResult> {
  const view = createProgressView();
  const over = new AbortController();
  const stopWatching = run.onProgress((progress) => view.update(progress));
  const interrupted = (): void => {
    view.stop();
    say(`The run goes on in the background as ${run.workflowId}; \`scriptorium status\` shows it.`);
    process.exit(exitCodes.interrupted);
  };
  // It may come twice: from the terminal, and from a program that hands it on.
  process.on('SIGINT', interrupted);
  void tellOfMissingWorkers(client, view, over.signal);
  try {
    return await run.result({ onOutage: (out) => view.note(out ? OUTAGE : OUTAGE_OVER) });
  } finally {
    process.off('SIGINT', interrupted);
    over.abort();
    stopWatching();
    view.stop();
  }
}

const OUTAGE = 'Temporal does not answer; waiting. The run goes on when it is back.';
const OUTAGE_OVER = 'Temporal answers again.';

const LOOK_FOR_WORKERS_MS = 10_000;

/** A run without workers looks like one that is slow. */
async function tellOfMissingWorkers(
  client: ScriptoriumClient,
  view: ProgressView,
  over: AbortSignal,
): Promise<void> {
  let told = '';
  for (;;) {
    await setTimeout(LOOK_FOR_WORKERS_MS, undefined, { signal: over, ref: false }).catch(() => {});
    if (over.aborted) return;
    // Where Temporal does not answer, the wait for the result says so.
    const missing = await client.queuesWithoutWorkers().catch(() => null);
    if (missing === null || over.aborted) continue;
    const queues = missing.map(({ queue }) => queue).join(',');
    if (queues !== told) view.note(queues ? waitingText(queues) : 'Workers are there; the run goes on.');
    told = queues;
  }
}

function waitingText(queues: string): string {
  return (
    `No worker serves ${queues.replaceAll(',', ', ')}; the run waits for one. ` +
    `Start it with \`scriptorium worker --queues ${queues}\`, or everything on this machine with \`scriptorium up\`.`
  );
}

function resultJson({
  workflowId,
  library,
  books,
  chunks,
  failures,
  skippedFiles,
  pruned = 0,
  seconds,
}: IngestLibraryResult): object {
  return { workflowId, library, books, chunks, failures, skippedFiles, pruned, seconds };
}

function summary(result: IngestLibraryResult): string[] {
  const { library, books, chunks, failures, skippedFiles, pruned = 0, seconds } = result;
  const counts = `${books.ingested} ingested, ${books.unchanged} unchanged, ${books.failed} failed, ${books.cancelled} cancelled`;
  const skipped = Object.entries(skippedFiles).map(([ending, count]) => `${count} ${printable(ending)}`);
  const unlisted = books.failed - failures.length;
  return [
    `Library ${library}: ${plural(books.total, 'book')}: ${counts}; ${plural(chunks, 'chunk')} in ${duration(seconds)}.`,
    ...(pruned > 0 ? [`Removed, because their file is gone: ${plural(pruned, 'book')}.`] : []),
    ...(skipped.length > 0 ? [`Files of other kinds, passed over: ${skipped.join(', ')}.`] : []),
    ...failures.map(
      ({ path, stage, code, message }) => `  ${code} (${stage}) ${printable(path)}: ${printable(message)}`,
    ),
    ...(unlisted > 0 ? [`  and ${unlisted} more: scriptorium failures --library ${library}`] : []),
  ];
}
