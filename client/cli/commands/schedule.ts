/** `schedule`: a library ingested again each night, by Temporal's schedules. */
import type { Command } from 'commander';
import { DEFAULT_LIBRARY } from '../../../workflows/contract.ts';
import { type LibrarySchedule, ScriptoriumClient } from '../../index.ts';
import { ensureStack } from '../local-stack.ts';
import { printable, printResult } from '../output.ts';
import { wholeNumber } from '../whole-number.ts';

interface AddFlags {
  readonly library: string;
  readonly at?: string;
  readonly cron?: string;
  readonly parallel?: number;
  readonly prune?: boolean;
}

export function addScheduleCommand(program: Command): void {
  const schedule = program
    .command('schedule')
    .description('Ingest folders again and again, at a time of day; unchanged books are skipped')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium schedule add ~/Books --at 03:30\n  scriptorium schedule list\n  scriptorium schedule remove default',
    );
  schedule
    .command('add')
    .description('Set the schedule of a library; one that it has is replaced')
    .argument('<path...>', 'files or folders, as `ingest` takes them')
    .option('--library <name>', 'library that the books belong to', DEFAULT_LIBRARY)
    .option('--at <time>', 'time of day on this machine, 03:30 unless --cron is given')
    .option('--cron <expression>', 'instead of --at: minute, hour, day, month, weekday')
    .option('--parallel <n>', 'books in flight at once, 1 to 500', wholeNumber)
    .option('--prune', 'remove books whose file is gone; refused when more than a tenth would go')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium schedule add ~/Books\n  scriptorium schedule add ~/Theses --library theses --cron "0 6 * * 1-5" --prune',
    )
    .action(add);
  schedule
    .command('list')
    .description('Show the schedules with the time of their next run')
    .addHelpText('after', '\nExample:\n  scriptorium schedule list --json')
    .action(list);
  schedule
    .command('remove')
    .description('Remove the schedule of a library; its books stay')
    .argument('<library>')
    .addHelpText('after', '\nExample:\n  scriptorium schedule remove default')
    .action(remove);
}

async function add(paths: string[], { prune = false, ...flags }: AddFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const { library, at, cron, parallel } = flags;
  const added = await client.addSchedule(paths, {
    ...{ library, prune },
    ...(at && { at }),
    ...(cron && { cron }),
    ...(parallel !== undefined && { parallel }),
  });
  printResult(command, added, () => [scheduleLine(added)]);
}

async function list(_flags: object, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const schedules = await client.schedules();
  printResult(command, { schedules }, () =>
    schedules.length > 0 ? schedules.map(scheduleLine) : ['No library has a schedule.'],
  );
}

async function remove(library: string, _flags: object, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const removed = await client.removeSchedule(library);
  printResult(command, { library, removed }, () => [
    removed ? `Library ${library} has no schedule any more.` : `Library ${library} had no schedule.`,
  ]);
}

function scheduleLine({ library, paths, when, prune, nextAt, paused }: LibrarySchedule): string {
  const next = paused
    ? 'paused'
    : nextAt
      ? `next ${new Date(nextAt).toLocaleString('en-GB')}`
      : 'never again';
  return `Library ${library}: ${when}${prune ? ', pruned' : ''}, ${next}: ${printable(paths.join(', '))}`;
}
