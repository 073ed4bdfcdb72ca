/** `pause`, `resume`, `parallel`, `cancel`, `front` and `retry`: changing a run while it goes on. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ScriptoriumError } from '../../../activities/errors.ts';
import { DEFAULT_LIBRARY } from '../../../workflows/contract.ts';
import type { Steered } from '../../../workflows/run-contract.ts';
import { type IngestHandle, ScriptoriumClient } from '../../index.ts';
import { ensureStack } from '../local-stack.ts';
import { plural, printResult } from '../output.ts';
import { watchToEnd } from '../watch-run.ts';
import { wholeNumber } from '../whole-number.ts';

interface Flags {
  readonly library: string;
}

export function addRunCommands(program: Command): void {
  const of = (name: string, description: string, ...examples: string[]): Command =>
    program
      .command(name)
      .description(description)
      .option('--library <name>', 'library of the run', DEFAULT_LIBRARY)
      .addHelpText('after', `\nExamples:\n${examples.map((each) => `  scriptorium ${each}`).join('\n')}`);
  of('pause', 'Start no new book; those in flight are finished', 'pause', 'pause --library manuals').action(
    (flags: Flags, command: Command) => change(flags, command, (run) => run.pause()),
  );
  of('resume', 'Go on after a pause', 'resume', 'resume --library manuals --json').action(
    (flags: Flags, command: Command) => change(flags, command, (run) => run.resume()),
  );
  of('parallel', 'Change how many books are ingested at once', 'parallel 20', 'parallel 2 --library manuals')
    .argument('<n>', '1 to 500', wholeNumber)
    .action((n: number, flags: Flags, command: Command) =>
      change(flags, command, (run) => run.setParallel(n)),
    );
  of('cancel', 'End books, or the whole run; what is ingested stays', 'cancel', 'cancel ~/Books/giant.pdf')
    .argument('[book...]', 'paths or ids of books; the run, when none is named')
    .action(cancel);
  of('front', 'Ingest waiting books next', 'front ~/Books/urgent.pdf', 'front thesis.pdf --library theses')
    .argument('<book...>', 'paths or ids of books')
    .action((books: string[], flags: Flags, command: Command) =>
      change(flags, command, (run) => run.moveToFront(named(books)), 'moved to the front'),
    );
  of(
    'retry',
    'Try the books again that failed',
    'retry',
    'retry --all   # also those whose content is at fault',
  )
    .option('--all', 'also the books whose content is at fault')
    .action(retry);
}

type Change = (run: IngestHandle) => Promise<Steered>;

/** @param verb what was done to the books, where the change is about some */
async function change({ library }: Flags, command: Command, act: Change, verb?: string): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const run = client.run(library);
  const steered = await act(run);
  printSteered(command, run, steered, verb);
}

function printSteered(command: Command, { workflowId }: IngestHandle, steered: Steered, verb?: string): void {
  const { state, parallel, books } = steered;
  const done = verb ? `${plural(books, 'book')} ${verb}; ` : '';
  printResult(command, { workflowId, ...steered }, () => [
    `${workflowId}: ${done}${state}, parallel ${parallel}.`,
  ]);
}

async function cancel(books: string[], flags: Flags, command: Command): Promise<void> {
  if (books.length > 0)
    return await change(flags, command, (run) => run.cancelBooks(named(books)), 'cancelled');
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const run = client.run(flags.library);
  await run.cancel();
  printResult(command, { workflowId: run.workflowId, state: 'cancelling' }, () => [
    `${run.workflowId} is being cancelled; its books end first, and what is ingested stays.`,
  ]);
}

interface RetryFlags extends Flags {
  readonly all?: boolean;
}

/** A run that is going on takes the books up; otherwise one is started for them. */
async function retry({ library, all = false }: RetryFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const running = client.run(library);
  try {
    printSteered(command, running, await running.retryFailed({ all }), 'to be tried again');
  } catch (error) {
    if (!(error instanceof ScriptoriumError) || error.code !== 'NO_RUN') throw error;
    await watchToEnd(client, await client.retry({ library, all }), command);
  }
}

/** A path as the run knows it; ids of books have no slash and no dot. */
function named(books: readonly string[]): string[] {
  return books.map((book) => (BOOK_ID.test(book) ? book : resolve(book)));
}

/** A UUID. */
const BOOK_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
