/** `ingest`. */
import type { Command } from 'commander';
import { DEFAULT_LIBRARY, DEFAULT_PARALLEL, type IngestLibraryResult } from '../../../workflows/contract.ts';
import { ScriptoriumClient } from '../../index.ts';
import type { IngestHandle } from '../../ingest-handle.ts';
import { ensureStack } from '../local-stack.ts';
import { duration, exitCodes, plural, printable, printResult, say } from '../output.ts';
import { createProgressView } from '../progress.ts';
import { wholeNumber } from '../whole-number.ts';

interface IngestFlags {
  readonly library: string;
  readonly parallel: number;
  readonly detach?: boolean;
}

export function addIngestCommand(program: Command): void {
  program
    .command('ingest')
    .description('Make the books in files and folders searchable; unchanged ones are skipped')
    .argument('<path...>', 'files or folders: PDF, EPUB, DOCX, HTML, Markdown, text')
    .option('--library <name>', 'library that the books belong to', DEFAULT_LIBRARY)
    .option('--parallel <n>', 'books at once, 1 to 500', wholeNumber, DEFAULT_PARALLEL)
    .option('--detach', 'start the run and return at once')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium ingest ~/Books\n  scriptorium ingest ~/Books --parallel 8 --json\n  scriptorium ingest thesis.pdf --library theses --detach' +
        '\n\nExit codes: 0 every book searchable, 1 failed, 2 wrong usage, 3 finished but some books failed, 130 interrupted (the run goes on)',
    )
    .action(ingest);
}

async function ingest(
  paths: string[],
  { library, parallel, detach }: IngestFlags,
  command: Command,
): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const run = await client.ingest(paths, { library, parallel });
  if (detach) {
    printResult(command, { workflowId: run.workflowId, library }, () => [
      `Started ${run.workflowId}; \`scriptorium status\` shows how far it is.`,
    ]);
    return;
  }
  const result = await watch(run);
  printResult(command, resultJson(result), () => summary(result));
  const { failed, cancelled, ingested, unchanged } = result.books;
  if (failed + cancelled > 0)
    process.exitCode = ingested + unchanged > 0 || failed > 0 ? exitCodes.someBooksFailed : exitCodes.failed;
}

/** Shows progress until the end. Ctrl-C ends the watching only: the run is durable. */
async function watch(run: IngestHandle): Promise<IngestLibraryResult> {
  const view = createProgressView();
  const stopWatching = run.onProgress((progress) => view.update(progress));
  const interrupted = (): void => {
    view.stop();
    say(`The run goes on in the background as ${run.workflowId}; \`scriptorium status\` shows it.`);
    process.exit(exitCodes.interrupted);
  };
  process.once('SIGINT', interrupted);
  try {
    return await run.result();
  } finally {
    process.off('SIGINT', interrupted);
    stopWatching();
    view.stop();
  }
}

function resultJson({
  workflowId,
  library,
  books,
  chunks,
  failures,
  skippedFiles,
  seconds,
}: IngestLibraryResult): object {
  return { workflowId, library, books, chunks, failures, skippedFiles, seconds };
}

function summary({ library, books, chunks, failures, skippedFiles, seconds }: IngestLibraryResult): string[] {
  const counts = `${books.ingested} ingested, ${books.unchanged} unchanged, ${books.failed} failed, ${books.cancelled} cancelled`;
  const skipped = Object.entries(skippedFiles).map(([ending, count]) => `${count} ${printable(ending)}`);
  const unlisted = books.failed - failures.length;
  return [
    `Library ${library}: ${plural(books.total, 'book')}: ${counts}; ${plural(chunks, 'chunk')} in ${duration(seconds)}.`,
    ...(skipped.length > 0 ? [`Files of other kinds, passed over: ${skipped.join(', ')}.`] : []),
    ...failures.map(
      ({ path, stage, code, message }) => `  ${code} (${stage}) ${printable(path)}: ${printable(message)}`,
    ),
    ...(unlisted > 0 ? [`  and ${unlisted} more: scriptorium failures --library ${library}`] : []),
  ];
}
