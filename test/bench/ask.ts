/** How long an answer takes on an idle stack: cached, quoted anew in the workers' process, and from another process. */
import { fileURLToPath } from 'node:url';
import { ScriptoriumClient } from '../../client/index.ts';
import { buildSamples } from '../../samples/build.ts';
import { readQuestions } from '../../samples/questions.ts';
import { loadConfig } from '../../workers/config.ts';
import { createLogger, installRuntime } from '../../workers/log.ts';
import type { QuestionDesk } from '../../workers/question-desk.ts';
import { startWorkerProcess } from '../../workers/worker-process.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import { benchBundles } from './bundles.ts';
import type { BenchOptions } from './options.ts';
import { type BenchReport, median } from './report.ts';

const samples = fileURLToPath(new URL('../../samples/books', import.meta.url));
/** Times that a cached answer is asked for in a round. */
const REPEATS = 10;

export async function benchAsk({ rounds = 5, signal }: BenchOptions): Promise<BenchReport> {
  await using folder = await tempFolder();
  const { ours: bundles } = await benchBundles(folder.path);
  await using stack = await startBenchStack({
    worker: './library-worker.ts',
    workerArgs: [
      '--embedder',
      'onnx',
      '--wait-ms',
      '0',
      '--bundles',
      bundles,
      '--queues',
      'main,documents,embed',
    ],
    signal,
  });
  await using client = await ScriptoriumClient.connect({
    address: stack.address,
    namespace: stack.namespace,
  });
  await buildSamples();
  await (await client.ingest([samples])).result();
  const logger = createLogger('warn', 'bench');
  installRuntime(logger);
  const worker = await startWorkerProcess(configOf(stack), ['query'], logger, {
    bundles,
  });
  try {
    return await stack.watched(measured(worker.desk, client, rounds));
  } finally {
    worker.stop();
    await worker.finished;
  }
}

function configOf({ home, address, namespace }: BenchStack) {
  return loadConfig({
    ...{ SCRIPTORIUM_HOME: home.folder, SCRIPTORIUM_CACHE: home.cache },
    ...{ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, SCRIPTORIUM_SEMANTIC_CACHE_ENTRIES: '0' },
  });
}

async function measured(desk: QuestionDesk, client: ScriptoriumClient, rounds: number): Promise<BenchReport> {
  const texts = (await readQuestions()).questions.map(({ question }) => question);
  const all: Record<string, number[]> = { cached: [], quoted: [], stages: [], client: [], searched: [] };
  const take = (name: string, ms: number): void => void all[name]?.push(ms);
  // The first questions find nothing warm.
  for (const question of texts) await desk.ask({ question, topK: 11 });
  for (let round = 0; round < rounds; round += 1) {
    for (const question of texts) {
      // Another number of passages is another question.
      const asked = { question, topK: 12 + 2 * round };
      const quoted = await timed(() => desk.ask(asked));
      if (quoted.result.cached) throw new Error('the answer was cached');
      take('quoted', quoted.ms);
      take('stages', stagesMs(quoted.result.timings));
      take('searched', (await timed(() => desk.search({ query: question, topK: asked.topK }))).ms);
      take('client', (await timed(() => client.ask(question, { topK: asked.topK + 1 }))).ms);
      for (let n = 0; n < REPEATS; n += 1) {
        const cached = await timed(() => desk.ask(asked));
        if (cached.result.cached?.kind !== 'exact') throw new Error('the answer was not cached');
        take('cached', cached.ms);
      }
    }
  }
  return report(all, { rounds, questions: texts.length, books: 8 });
}

/** A question's words are looked up while it is embedded and its neighbours are searched for. */
function stagesMs({
  embed = 0,
  dense = 0,
  lexical = 0,
  ...others
}: Readonly<Record<string, number>>): number {
  return Object.values(others).reduce((sum, ms) => sum + ms, Math.max(embed + dense, lexical));
}

async function timed<T>(run: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const started = performance.now();
  const result = await run();
  return { ms: performance.now() - started, result };
}

function report(all: Record<string, number[]>, settings: Record<string, number>): BenchReport {
  const { cached = [], quoted = [], stages = [], client = [], searched = [] } = all;
  const medians = Object.fromEntries(Object.entries(all).map(([name, ms]) => [name, median(ms)]));
  return {
    ...{ bench: 'ask', unit: 'ms', settings, rounds: all, medians },
    ratios: { search: median(quoted) / median(searched) },
    ratio: median(quoted) / median(searched),
    notMeasured: 'a model that writes; several askers at once; a library that does not fit in memory',
    figures: {
      'cached p95 ms': round(quantile(cached, 0.95)),
      'quoted p50 ms': round(median(quoted)),
      'quoted p95 ms': round(quantile(quoted, 0.95)),
      'of which the workflow, p50 ms': round(median(quoted.map((ms, n) => ms - (stages[n] ?? 0)))),
      'from another process p50 ms': round(median(client)),
      'from another process p95 ms': round(quantile(client, 0.95)),
    },
  };
}

function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
