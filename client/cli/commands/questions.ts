/** `ask` and `search`. */
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { Answer, Citation, SearchResult } from '../../../workflows/result-contract.ts';
import { ScriptoriumClient } from '../../index.ts';
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

export function addQuestionCommands(program: Command): void {
  withQueryOptions(
    program
      .command('ask')
      .description('Answer a question from the books, with citations')
      .argument('<question>'),
  )
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

async function ask(question: string, flags: QueryFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const answer = await client.ask(question, queryOptions(flags));
  printResult(command, answer, () => answerLines(answer));
}

async function search(query: string, flags: SearchFlags, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const result = await client.search(query, searchOptions(flags));
  printResult(command, result, () => hitLines(result));
}

export function answerLines({ answer, citations, droppedCitations }: Answer): string[] {
  const dropped =
    droppedCitations.length > 0
      ? [`(The model cited passages that do not exist; removed: ${droppedCitations.join(', ')}.)`]
      : [];
  return [...answer.split('\n').map(printable), ...dropped, '', ...citations.flatMap(citationLines)];
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
