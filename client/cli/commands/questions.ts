/** `ask` and `search`. */
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { Answer, Citation, SearchResult } from '../../../workflows/result-contract.ts';
import { ScriptoriumClient } from '../../index.ts';
import { notesOn } from '../answer-notes.ts';
import { ensureStack } from '../local-stack.ts';
import { printable, printResult } from '../output.ts';
import { placeText } from '../place.ts';
import {
  type QueryFlags,
  queryOptions,
  type SearchFlags,
  searchOptions,
  withQueryOptions,
  withSearchOptions,
} from '../query-flags.ts';
import { StreamedText } from '../streamed-text.ts';
import { wholeNumber } from '../whole-number.ts';

interface AskFlags extends QueryFlags {
  readonly deadline?: number;
  readonly extractive?: true;
  readonly stream: boolean;
}

export function addQuestionCommands(program: Command): void {
  withQueryOptions(
    program
      .command('ask')
      .description('Answer a question from the books, with citations')
      .argument('<question>'),
  )
    .option('--deadline <seconds>', 'time for the whole answer; then the books are quoted', wholeNumber)
    .option('--extractive', 'quote the books, though a model that writes is configured')
    .option('--stream', 'show the text as it is written', process.stdout.isTTY === true)
    .option('--no-stream', 'show the answer when it is whole')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium ask "Who kept the north lamp?"\n  scriptorium ask "How is the bell wound?" --library manuals --json',
    )
    .action(ask);
  withSearchOptions(
    program.command('search').description('Find the passages that say most about a text').argument('<query>'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium search "calling C code from R with .Call"\n  scriptorium search storms --top-k 3 --years 1850-1899 --per-book 1 --json',
    )
    .action(search);
}

async function ask(question: string, flags: AskFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const { deadline, extractive } = flags;
  const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
  const shown = flags.stream && !json ? new StreamedText((text) => process.stdout.write(text)) : null;
  const answer = await client.ask(question, {
    ...queryOptions(flags),
    ...(extractive && { extractive }),
    ...(deadline !== undefined && { deadlineMs: deadline * 1_000 }),
    ...(shown && { onText: (text) => shown.show(text) }),
  });
  const isShown = shown?.end(answer.answer) === true;
  printResult(command, answer, () => answerLines(answer, isShown));
}

async function search(query: string, flags: SearchFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const result = await client.search(query, searchOptions(flags));
  printResult(command, result, () => hitLines(result));
}

/** @param isShown the text of the answer was printed as it came */
export function answerLines(answer: Answer, isShown = false): string[] {
  const text = isShown ? [] : answer.answer.split('\n').map(printable);
  return [...text, ...notesOn(answer), '', ...answer.citations.flatMap(citationLines)];
}

function citationLines(citation: Citation): string[] {
  const page = citation.page ? `#page=${citation.page.start}` : '';
  return [`[${citation.n}] ${placeText(citation)}`, `    ${pathToFileURL(citation.path)}${page}`];
}

function hitLines({ hits }: SearchResult): string[] {
  if (hits.length === 0) return ['Nothing was found.'];
  return hits.flatMap((hit, index) => [
    `${index + 1}. ${placeText(hit)}  (${hit.score.toFixed(3)})`,
    `   ${snippet(hit.text)}`,
    `   ${printable(hit.path)}`,
  ]);
}

const SNIPPET_LENGTH = 240;

function snippet(text: string): string {
  const line = printable(text).replace(/\s+/g, ' ');
  return line.length <= SNIPPET_LENGTH ? line : `${line.slice(0, SNIPPET_LENGTH).replace(/\s+\S*$/, '')} …`;
}
