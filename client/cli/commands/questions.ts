/** `ask` and `search`. */
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { ScriptoriumClient } from '../../index.ts';
import { answerLines, hitLines } from '../answer-lines.ts';
import { converse } from '../conversation.ts';
import { ensureStack } from '../local-stack.ts';
import { printError, printResult, wantsStacks } from '../output.ts';
import {
  type QueryFlags,
  queryOptions,
  type SearchFlags,
  searchOptions,
  withQueryOptions,
  withSearchOptions,
} from '../query-flags.ts';
import { answerStageLines, searchStageLines } from '../stage-lines.ts';
import { StreamedText } from '../streamed-text.ts';
import { terminalOf } from '../terminal.ts';
import { wholeNumber } from '../whole-number.ts';

interface AskFlags extends QueryFlags {
  readonly deadline?: number;
  readonly extractive?: true;
  readonly stream: boolean;
  readonly explain?: true;
}

const explainFlag = ['--explain', 'show what each stage took, and what came from a cache'] as const;

export function addQuestionCommands(program: Command): void {
  withQueryOptions(
    program
      .command('ask')
      .description('Answer a question from the books, with citations')
      .argument(
        '[question]',
        'left out: questions at the terminal, one after the other, or the one that is piped in',
      ),
  )
    .option('--deadline <seconds>', 'time for the whole answer; then the books are quoted', wholeNumber)
    .option('--extractive', 'quote the books, though a model that writes is configured')
    .option('--stream', 'show the text as it is written', process.stdout.isTTY === true)
    .option('--no-stream', 'show the answer when it is whole')
    .option(...explainFlag)
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium ask "Who kept the north lamp?"\n  scriptorium ask "How is the bell wound?" --library manuals --json\n  scriptorium ask                # until exit or Ctrl-D; Ctrl-C ends an answer\n  scriptorium ask < question.txt',
    )
    .action(ask);
  withSearchOptions(
    program.command('search').description('Find the passages that say most about a text').argument('<query>'),
  )
    .option(...explainFlag)
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium search "calling C code from R with .Call"\n  scriptorium search storms --top-k 3 --years 1850-1899 --per-book 1 --json',
    )
    .action(search);
}

async function ask(question: string | undefined, flags: AskFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  if (question === undefined && process.stdin.isTTY) return await talk(client, flags, command);
  await answer(client, question ?? (await text(process.stdin)), flags, command);
}

async function talk(client: ScriptoriumClient, flags: AskFlags, command: Command): Promise<void> {
  await converse({
    ...{ input: process.stdin, output: process.stderr, terminal: true },
    answer: (question, signal) => answer(client, question, flags, command, signal),
    onFailure: (error) => printError(error, wantsStacks(command)),
  });
}

async function answer(
  client: ScriptoriumClient,
  question: string,
  flags: AskFlags,
  command: Command,
  signal?: AbortSignal,
): Promise<void> {
  const { deadline, extractive, explain } = flags;
  const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
  const shown = flags.stream && !json ? new StreamedText((piece) => process.stdout.write(piece)) : null;
  try {
    const given = await client.ask(question, {
      ...queryOptions(flags),
      ...(extractive && { extractive }),
      ...(deadline !== undefined && { deadlineMs: deadline * 1_000 }),
      ...(shown && { onText: (soFar) => shown.show(soFar) }),
      ...(signal && { signal }),
    });
    const look = { isShown: shown?.end(given.answer) === true, terminal: terminalOf(process.stdout) };
    printResult(command, given, () => [
      ...answerLines(given, look),
      ...(explain ? answerStageLines(given) : []),
    ]);
  } catch (error) {
    // What was written so far stays; what comes next begins on a line of its own.
    shown?.end('');
    throw error;
  }
}

async function search(
  query: string,
  { explain, ...flags }: SearchFlags & Pick<AskFlags, 'explain'>,
  command: Command,
): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const result = await client.search(query, searchOptions(flags));
  printResult(command, result, () => [
    ...hitLines(result, query, terminalOf(process.stdout)),
    ...(explain ? searchStageLines(result) : []),
  ]);
}
