/** `cache`. */
import type { Command } from 'commander';
import type { CacheReport, CachesReport, UsageReport } from '../../../workflows/cache-contract.ts';
import { ScriptoriumClient } from '../../index.ts';
import { ensureStack } from '../local-stack.ts';
import { plural, printResult } from '../output.ts';

export function addCacheCommand(program: Command): void {
  program
    .command('cache')
    .description('Show what the caches of questions hold, and how often they helped; or empty them')
    .option(
      '--clear',
      'forget every answer, in all workers, and the vectors of questions of the worker that is asked',
    )
    .addHelpText('after', '\nExamples:\n  scriptorium cache\n  scriptorium cache --clear --json')
    .action(cache);
}

async function cache({ clear = false }: { clear?: boolean }, command: Command): Promise<void> {
  await ensureStack();
  await using client = await ScriptoriumClient.connect();
  const report = await client.caches({ clear });
  printResult(command, report, () => cacheLines(report));
}

const titles = {
  exact: 'answers to the same question',
  semantic: 'answers to questions that mean the same',
  embedding: 'vectors of questions',
} as const;

export function cacheLines({ caches, cleared, today }: CachesReport): string[] {
  const first =
    cleared === null ? [] : [`Cleared: ${plural(cleared, 'entry').replace(/entrys$/, 'entries')}.`];
  return [...first, ...caches.flatMap(linesOf), ...(today ? [usageLine(today)] : [])];
}

function usageLine({ day, answers, inputTokens, outputTokens, costCents }: UsageReport): string {
  const tokens = `${inputTokens.toLocaleString('en')} tokens read, ${outputTokens.toLocaleString('en')} written`;
  return `${day}: ${plural(answers, 'answer')} of the model, ${tokens}, cost ${(costCents / 100).toFixed(2)}`;
}

function linesOf({ name, of, entries, ...counts }: CacheReport): string[] {
  const told = Object.entries(counts).map(([what, count]) => `${what} ${count.toLocaleString('en')}`);
  return [`${titles[name]} (${of}): ${entries.toLocaleString('en')} kept`, `  ${told.join(' · ')}`];
}
