/** `books` and `failures`. */
import type { Command } from 'commander';
import { ScriptoriumError } from '../../../activities/errors.ts';
import type { BookSummary } from '../../../workflows/result-contract.ts';
import { ScriptoriumClient } from '../../index.ts';
import { ensureStack } from '../local-stack.ts';
import { damageText, plural, printable, printResult } from '../output.ts';

interface Flags {
  readonly library?: string;
}

export function addBookCommands(program: Command): void {
  program
    .command('books')
    .description('List the books with their state')
    .option('--library <name>', 'only of this library')
    .addHelpText('after', '\nExamples:\n  scriptorium books\n  scriptorium books --library manuals --json')
    .action((flags: Flags, command: Command) =>
      list(flags, command, (client, options) => client.books(options)),
    );
  program
    .command('failures')
    .description('List the books that could not be ingested, each with its reason and remedy')
    .option('--library <name>', 'only of this library')
    .addHelpText('after', '\nExample:\n  scriptorium failures --json')
    .action((flags: Flags, command: Command) =>
      list(flags, command, (client, options) => client.failures(options)),
    );
}

type Fetch = (client: ScriptoriumClient, options: Flags) => Promise<BookSummary[]>;

async function list({ library }: Flags, command: Command, fetchBooks: Fetch): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const books = await fetchBooks(client, library ? { library } : {});
  if (library && books.length === 0) await requireLibrary(client, library);
  books.sort((a, b) => (a.path < b.path ? -1 : 1));
  printResult(command, { books }, () => [...books.flatMap(bookLines), plural(books.length, 'book')]);
}

/**
 * No such book in a library, and no library of that name, are two things.
 * @throws ScriptoriumError LIBRARY_NOT_FOUND
 */
async function requireLibrary(client: ScriptoriumClient, library: string): Promise<void> {
  try {
    await client.explain(library);
  } catch (error) {
    if (error instanceof ScriptoriumError && error.code === 'BOOK_NOT_FOUND')
      throw new ScriptoriumError('LIBRARY_NOT_FOUND', `There is no library ${library}`);
    throw error;
  }
}

function bookLines({
  state,
  title,
  author,
  pages,
  unreadable,
  chunks,
  path,
  failure,
}: BookSummary): string[] {
  const name = `${title ?? '(no title)'}${author ? `, ${author}` : ''}`;
  const lines = [
    `${state.padEnd(9)} ${printable(name)} · ${plural(pages, 'page')}, ${plural(chunks, 'chunk')} · ${printable(path)}`,
  ];
  if (unreadable) lines.push(`          ${damageText(unreadable)}`);
  if (failure)
    lines.push(
      `          ${failure.code} (${failure.stage}, ${plural(failure.attempts, 'attempt')}): ${printable(failure.message)}`,
    );
  return lines;
}
