/**
 * Months of a library's life in an hour: books come, are replaced and go, and questions are asked all the while, against the
 * real stack with the real model. Whether any of its processes grows.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ScriptoriumClient } from '../../client/index.ts';
import { readStackState } from '../../client/stack-state.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { buildProduct } from './built-product.ts';
import { Churn } from './memory/churn.ts';
import { type Growth, growthOf } from './memory/growth.ts';
import { parts, type Sample, StackMemory } from './memory/part-memory.ts';
import type { BenchOptions } from './options.ts';
import { type BenchReport, median } from './report.ts';

const SECONDS = 3_600;
const SAMPLES = 360;
const BOOKS = 40;
const TELL_EVERY_SECONDS = 60;

/** What is kept of questions has a bound, which a service meets in its first days and this one in its first minutes. */
const fullSoon = {
  SCRIPTORIUM_ANSWER_CACHE_ENTRIES: '50',
  SCRIPTORIUM_SEMANTIC_CACHE_ENTRIES: '1000',
  SCRIPTORIUM_EMBEDDING_CACHE_ENTRIES: '1000',
};

export async function benchMemory(options: BenchOptions): Promise<BenchReport> {
  const { seconds = SECONDS, books = BOOKS, signal } = options;
  buildProduct();
  await using home = await TestHome.create({ SCRIPTORIUM_HTTP_ADDRESS: '127.0.0.1:0', ...fullSoon });
  const { code, stderr } = await home.run('up', '--detach');
  if (code !== 0) throw new Error(`the stack did not start: ${stderr}`);
  const state = await readStackState(home.paths.stackFile);
  if (!state?.temporalAddress) throw new Error('the stack is not up');
  const { temporalAddress: address, namespace } = state;
  await using client = await ScriptoriumClient.connect({ address, namespace });
  const http = await home.addressOf('http');
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
  const churn = new Churn({ ...{ client, http, books, over }, folder: join(home.folder, 'books') });
  const memory = new StackMemory(home.paths.stackFile);
  await Promise.all([churn.ingest(), churn.ask(), watch(memory, seconds, over)]);
  signal.throwIfAborted();
  return reportOf(memory, churn.counts, { seconds, books });
}

async function watch(memory: StackMemory, seconds: number, over: AbortSignal): Promise<void> {
  const everyMs = Math.max(500, (seconds * 1_000) / SAMPLES);
  for (let told = 0; !over.aborted; ) {
    await memory.sample();
    const last = memory.samples.at(-1);
    if (last && last.atSeconds >= told) {
      process.stderr.write(`${lineOf(last)}\n`);
      told += TELL_EVERY_SECONDS;
    }
    await delay(everyMs, undefined, { signal: over }).catch(() => {});
  }
}

function lineOf({ atSeconds, memory }: Sample): string {
  return [
    `${Math.round(atSeconds)} s`,
    ...parts.map((part) => `${part} ${Math.round(memory[part])} MB`),
  ].join(', ');
}

function reportOf(
  { samples, restarts }: StackMemory,
  counts: Churn['counts'],
  settings: BenchReport['settings'],
): BenchReport {
  const growth = growthOfParts(samples);
  const each = <T>(give: (of: Growth) => T): Record<string, T> =>
    Object.fromEntries([...growth].map(([name, of]) => [name, give(of)]));
  const rows = [...growth].flatMap(([name, { perHour, largest }]) => [
    [`${name}: MB an hour, first tenth left out`, round(perHour)] as const,
    [`${name}: largest MB`, round(largest)] as const,
  ]);
  return {
    ...{ bench: 'memory', unit: 'MB (PSS)', settings },
    rounds: each(({ tenths }) => tenths.map(round)),
    medians: each(({ tenths }) => median(tenths)),
    ratios: each(({ lastToSecond }) => 1 / lastToSecond),
    ratio: 1 / (growth.get('all')?.lastToSecond ?? Number.NaN),
    notMeasured:
      'large books, PDF, caches of questions at their usual size (a tenth here); a round is a tenth of the time, a ratio is of the second to the end (the last, or the median of the last three where that is more): below 1, it grows',
    figures: { ...counts, restarts, samples: samples.length, ...Object.fromEntries(rows) },
    series: {
      [`seconds, ${parts.join(' MB, ')} MB`]: samples.map(({ atSeconds, memory }) =>
        [atSeconds, ...parts.map((part) => memory[part])].map(Math.round),
      ),
    },
  };
}

function growthOfParts(samples: readonly Sample[]): ReadonlyMap<string, Growth> {
  const of = (give: (memory: Sample['memory']) => number): Growth =>
    growthOf(samples.map(({ atSeconds, memory }) => ({ atSeconds, figure: give(memory) })));
  const all = of((memory) => parts.reduce((sum, part) => sum + memory[part], 0));
  return new Map([['all', all], ...parts.map((part) => [part, of((memory) => memory[part])] as const)]);
}

function round(figure: number): number {
  return Number(figure.toFixed(1));
}
