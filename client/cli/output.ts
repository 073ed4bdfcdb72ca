/** What the command line prints: results to standard output, everything else to standard error. */
import type { Command } from 'commander';
import { toScriptoriumError } from '../../activities/errors.ts';

/** Exit codes are a contract: see the README. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  someBooksFailed: 3,
  interrupted: 130,
  brokenPipe: 141,
} as const;

/** One JSON document, or the lines for people. */
export function printResult(command: Command, result: object, lines: () => readonly string[]): void {
  const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${lines().join('\n')}\n`);
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One line: what happened, and what to do. The stack only with --debug. */
export function printError(error: unknown, debug: boolean): void {
  const { code, message, remedy, cause } = toScriptoriumError(error);
  const text = message.includes(remedy) ? message : `${message.replace(/\.$/, '')}. ${remedy}`;
  say(printable(`scriptorium: ${code}: ${text}`));
  if (!debug) return;
  const stack = cause instanceof Error ? cause.stack : error instanceof Error ? error.stack : undefined;
  for (const line of String(stack ?? error).split('\n')) say(printable(line));
}

/** Whether `--debug` was given. */
export function wantsStacks(command: Command): boolean {
  return command.optsWithGlobals<{ debug?: boolean }>().debug === true;
}

/** Control characters would move the cursor, or worse; book text and file names may hold any. Joiners, which scripts and emoji need, stay. */
export function printable(text: string): string {
  return text.replace(/(?![\u200C\u200D])[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\n' || character === '\t' ? ' ' : '\u{FFFD}',
  );
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Of what is searchable of a book nothing is on these pages, or in these parts of an EPUB. */
export function damageText(unreadable: number): string {
  const what = unreadable === 1 ? '1 page or part' : `${unreadable.toLocaleString('en')} pages or parts`;
  return `its file is damaged: nothing of ${what} can be found`;
}

export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
