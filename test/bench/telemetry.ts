/** What it costs a question to be seen: the product as it is, the product that counts nothing, and with every stage traced. */
import { join } from 'node:path';
import { ScriptoriumClient } from '../../client/index.ts';
import { OtlpReceiver } from '../helpers/otlp-receiver.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import { benchBundles } from './bundles.ts';
import { generateBooks } from './generated-books.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median, reportOf } from './report.ts';

const PASSAGES = [3, 30] as const;
/** One after the other, so that a difference in time is not hidden by what happens at once. */
const QUESTIONS = 200;

interface Contender extends AsyncDisposable {
  /** Milliseconds of the question in the middle. */
  ask(): Promise<number>;
}

export async function benchTelemetry(options: BenchOptions): Promise<BenchReport> {
  const { books = 50, rounds: wanted = 6, signal } = options;
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await tempFolder());
  const library = join(folder.path, 'books');
  await generateBooks({ folder: library, books, passages: PASSAGES });
  const bundles = await benchBundles(folder.path);
  const receiver = opened.use(await OtlpReceiver.start());
  const open = async (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    opened.use(await contender(library, ['--bundles', bundles.ours, ...args], env, signal));
  const without = await open([]);
  const untraced = await open(['--telemetry']);
  const traced = await open(['--telemetry'], receiver.env);
  const before = receiver.spans.length;
  const rounds = await alternate(
    {
      scriptorium: () => untraced.ask(),
      'counts nothing': () => without.ask(),
      traced: () => traced.ask(),
    },
    wanted,
    signal,
  );
  return {
    ...reportOf(
      {
        ...{ bench: 'telemetry', unit: 'ms a question' },
        settings: { books, questions: QUESTIONS, rounds: wanted, embedder: 'fake' },
        notMeasured: 'a collector on another machine; many questions at once',
      },
      rounds,
    ),
    figures: { 'spans a question': (receiver.spans.length - before) / (wanted * QUESTIONS) },
  };
}

async function contender(
  library: string,
  workerArgs: readonly string[],
  workerEnv: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Contender> {
  await using opened = new AsyncDisposableStack();
  const stack: BenchStack = opened.use(
    await startBenchStack({
      worker: './library-worker.ts',
      workerArgs: ['--embedder', 'fake', '--wait-ms', '0', ...workerArgs],
      ...{ workerEnv, signal },
    }),
  );
  const { address, namespace } = stack;
  const client = opened.use(await ScriptoriumClient.connect({ address, namespace }));
  await stack.watched((await client.ingest([library])).result());
  let asked = 0;
  const ask = async (): Promise<number> => {
    const times: number[] = [];
    for (let n = 0; n < QUESTIONS; n++) {
      const started = performance.now();
      await client.ask(`What is told of volume ${asked++}?`);
      times.push(performance.now() - started);
    }
    return median(times);
  };
  const owned = opened.move();
  return { ask: () => stack.watched(ask()), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
