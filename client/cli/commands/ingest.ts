/** `ingest`. */
import type { Command } from 'commander';
import { DEFAULT_LIBRARY, DEFAULT_PARALLEL } from '../../../workflows/contract.ts';
import { ScriptoriumClient } from '../../index.ts';
import { ensureStack } from '../local-stack.ts';
import { duration, printResult, say } from '../output.ts';
import { watchToEnd } from '../watch-run.ts';
import { wholeNumber } from '../whole-number.ts';

interface IngestFlags {
  readonly library: string;
  readonly parallel: number;
  readonly prune?: boolean;
  readonly force?: boolean;
  readonly detach?: boolean;
}

export function addIngestCommand(program: Command): void {
  program
    .command('ingest')
    .description('Make the books in files and folders searchable; unchanged ones are skipped')
    .argument('<path...>', 'files or folders: PDF, EPUB, DOCX, HTML, Markdown, text')
    .option('--library <name>', 'library that the books belong to', DEFAULT_LIBRARY)
    .option('--parallel <n>', 'books at once, 1 to 500', wholeNumber, DEFAULT_PARALLEL)
    .option(
      '--prune',
      'remove books below the paths whose file is gone; refused when more than a tenth would go',
    )
    .option('--force', 'with --prune: remove them, however many')
    .option('--detach', 'start the run and return at once')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium ingest ~/Books\n  scriptorium ingest ~/Books --parallel 8 --json\n  scriptorium ingest ~/Books --prune\n  scriptorium ingest thesis.pdf --library theses --detach' +
        '\n\nExit codes: 0 every book searchable, 1 failed, 2 wrong usage, 3 finished but some books failed, 130 interrupted (the run goes on), 141 nobody reads on (it goes on, too)',
    )
    .action(ingest);
}

async function ingest(
  paths: string[],
  { library, parallel, prune = false, force = false, detach }: IngestFlags,
  command: Command,
): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const run = await client.ingest(paths, { library, parallel, prune, force });
  const { workflowId, joinedFrom } = run;
  if (joinedFrom) {
    const ago = duration((Date.now() - joinedFrom.getTime()) / 1_000);
    say(
      `Joined ${workflowId}, which was started ${ago} ago and does the same. Files that came since then are found by the next run.`,
    );
    if (isGiven(command, 'parallel'))
      say(`It keeps its own parallelism; \`${parallelCommand(parallel, library)}\` changes it.`);
  }
  if (detach) {
    printResult(command, { workflowId, library, joined: joinedFrom !== null }, () => [
      `${joinedFrom ? 'Joined' : 'Started'} ${workflowId}; \`scriptorium status\` shows how far it is.`,
    ]);
    return;
  }
  await watchToEnd(client, run, command);
}

/** On the command line, and not by default. */
function isGiven(command: Command, option: string): boolean {
  return command.getOptionValueSource(option) === 'cli';
}

function parallelCommand(parallel: number, library: string): string {
  return `scriptorium parallel ${parallel}${library === DEFAULT_LIBRARY ? '' : ` --library ${library}`}`;
}
