/** `remove`, `verify`, `explain` and `gc`. */
import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_LIBRARY } from '../../../workflows/contract.ts';
import { isSound } from '../../../workflows/upkeep-contract.ts';
import { ScriptoriumClient } from '../../index.ts';
import { ensureStack } from '../local-stack.ts';
import { tellingOfMissingWorkers } from '../missing-workers.ts';
import { exitCodes, plural, printable, printResult, say } from '../output.ts';
import { explanationLines, garbageLines, verificationLines } from '../upkeep-lines.ts';

interface SubjectFlags {
  readonly library: string;
}

interface VerifyFlags {
  readonly library?: string;
  readonly repair?: boolean;
}

interface GarbageFlags {
  readonly dryRun?: boolean;
  readonly grace?: number;
  readonly force?: boolean;
}

/** All of upkeep is done by the workers of one queue. */
const onMain = { queues: ['main'], note: say } as const;

export function addUpkeepCommands(program: Command): void {
  addRemove(program);
  addVerify(program);
  addExplain(program);
  addGarbage(program);
}

function addRemove(program: Command): void {
  program
    .command('remove')
    .description('Take a book out: nothing of it is found any more; its file stays where it is')
    .argument('<book>', 'id or path, as `books` lists them')
    .option('--library <name>', 'library of a book that is named by its path', DEFAULT_LIBRARY)
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium remove ~/Books/old-edition.pdf\n  scriptorium remove manual.pdf --library manuals' +
        '\n\nThe next `ingest` of its folder takes it in again, unless the file is gone.',
    )
    .action(remove);
}

function addVerify(program: Command): void {
  program
    .command('verify')
    .description('Hold the catalog, the intermediate files and every passage in the store against each other')
    .option('--library <name>', 'only this library')
    .option('--repair', 'mend what is wrong from the intermediate files; nothing is embedded again')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium verify\n  scriptorium verify --library manuals --repair' +
        '\n\nExit codes: 0 nothing is wrong, or all was mended; 1 failed; 2 wrong usage; 3 something is wrong (it is listed)',
    )
    .action(verify);
}

function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Say of a book, a passage or a run where it came from')
    .argument('<id>', 'id or path of a book, id of a chunk, `ingest/LIBRARY`, or name of a library')
    .option('--library <name>', 'library of a book that is named by its path', DEFAULT_LIBRARY)
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium explain ~/Books/manual.pdf\n  scriptorium explain ingest/default --json' +
        '\n\nAttempts and timings come from Temporal, which keeps them for 30 days.',
    )
    .action(explain);
}

function addGarbage(program: Command): void {
  program
    .command('gc')
    .description('Drop intermediate files that no book needs any more')
    .option('--dry-run', 'only say what would be dropped')
    .option('--force', 'even where the catalog knows no finished book')
    .option('--grace <hours>', 'keep what was written in the last hours', hours)
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium gc --dry-run\n  scriptorium gc --grace 0\n\nIt is refused while anything is being ingested. The grace is 24 hours by default.',
    )
    .action(collect);
}

async function remove(book: string, { library }: SubjectFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const removed = await tellingOfMissingWorkers(client, onMain, () => client.remove(book, { library }));
  const name = printable(removed.title ?? removed.path ?? removed.bookId);
  printResult(command, removed, () => [
    `Removed ${name} from library ${removed.library}: ${plural(removed.points, 'passage')}.`,
  ]);
}

async function verify({ library, repair }: VerifyFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  say(`Looking at ${library ? `library ${library}` : 'all libraries'} …`);
  const input = { repair: repair === true, ...(library && { library }) };
  const result = await tellingOfMissingWorkers(client, onMain, () => client.verify(input));
  printResult(command, result, () => verificationLines(result));
  if (!isSound(result)) process.exitCode = exitCodes.someBooksFailed;
}

async function explain(id: string, { library }: SubjectFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const explanation = await client.explain(id, { library });
  printResult(command, explanation, () => explanationLines(explanation));
}

async function collect({ dryRun, grace, force }: GarbageFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const graceMs = grace === undefined ? {} : { graceMs: Math.round(grace * 3_600_000) };
  const input = { dryRun: dryRun === true, force: force === true, ...graceMs };
  const result = await tellingOfMissingWorkers(client, onMain, () => client.collectGarbage(input));
  printResult(command, result, () => garbageLines(result));
}

/** Hours, also parts of one. */
function hours(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number of hours.');
  return Number(text);
}
