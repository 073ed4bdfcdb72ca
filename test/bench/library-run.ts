/** One measured run over generated books: ours, or the bare floor, on a stack of its own. */
import type { WorkflowHandle } from '@temporalio/client';
import { z } from 'zod';
import { ScriptoriumClient } from '../../client/index.ts';
import { type IngestLibraryResult, ingestLibraryId, workflowTypes } from '../../workflows/contract.ts';
import { CHILDREN_PER_STEP } from '../../workflows/policies.ts';
import { cpuSeconds } from '../helpers/stack-processes.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import type { Bundles } from './bundles.ts';
import { FLOOR_QUEUE } from './floor-activities.ts';
import type { FloorInput } from './floor-workflows.ts';
import { childrenStarted, type HistorySizes, historySizes } from './history-sizes.ts';
import { type MemorySample, MemorySamples } from './memory-samples.ts';

export interface LibraryRunOptions {
  readonly books: number;
  readonly parallel: number;
  readonly bundles: Bundles;
  readonly signal: AbortSignal;
  readonly profileFolder?: string | undefined;
}

export interface OurRunOptions extends LibraryRunOptions {
  readonly folder: string;
  readonly embedder: 'fake' | 'onnx';
  /** Wait of the fake embedder, a batch. */
  readonly waitMs: number;
  /** Books that the fake embedder serves at once in each worker. Default: as many as come. */
  readonly booksAtOnce?: number;
  /** Worker processes. Default 1. */
  readonly workers?: number;
  readonly workerEnv?: NodeJS.ProcessEnv;
  /** Runs it again when it is done, and looks at the histories. */
  readonly examine: boolean;
}

export interface MeasuredRun {
  readonly seconds: number;
  readonly memory: readonly MemorySample[];
  /** Processor seconds of the worker processes, their sandboxes and the server, from the start of the run. */
  readonly cpu: { readonly worker: number; readonly sandbox: number; readonly server: number };
}

export interface OurRun extends MeasuredRun {
  readonly result: IngestLibraryResult;
  readonly examined: null | {
    readonly histories: HistorySizes;
    readonly rerunSeconds: number;
    readonly rerunChildren: number;
    readonly rerunUnchanged: number;
  };
}

const LIBRARY = 'bench';
const TELL_EVERY_MS = 15_000;

/** @throws Error when a book was not ingested: such a run measures nothing */
export async function runOurs(options: OurRunOptions): Promise<OurRun> {
  const { signal, embedder, waitMs, bundles, profileFolder, books } = options;
  const embedding = ['--embedder', embedder, '--wait-ms', String(waitMs)];
  if (options.booksAtOnce) embedding.push('--books-at-once', String(options.booksAtOnce));
  await using stack = await startBenchStack({
    // As in the local stack: questions have a process of their own.
    ...{
      worker: './library-worker.ts',
      workerArgs: [...embedding, '--bundles', bundles.ours, '--queues', 'main,documents,embed'],
    },
    ...{ signal, profileFolder, workerEnv: options.workerEnv, workers: options.workers },
  });
  const { address, namespace } = stack;
  await using client = await ScriptoriumClient.connect({ address, namespace });
  const ingest = async () => {
    const run = await client.ingest([options.folder], { library: LIBRARY, parallel: options.parallel });
    using _telling = telling('ours', books, async () => settledBooks((await run.progress()).books));
    return await run.result();
  };
  const measured = await measure(stack, ingest);
  const { outcome: result } = measured;
  if (result.books.ingested !== books)
    throw new Error(`${books} books are not all ingested: ${JSON.stringify(result)}`);
  return { ...measured, result, examined: options.examine ? await examine(stack, ingest) : null };
}

async function examine(stack: BenchStack, ingest: () => Promise<IngestLibraryResult>) {
  const histories = await stack.watched(historySizes(stack.client, workflowTypes.ingestLibrary));
  const { seconds: rerunSeconds, outcome } = await measure(stack, ingest);
  const { runId } = await stack.client.workflow.getHandle(ingestLibraryId(LIBRARY)).describe();
  const rerunChildren = await childrenStarted(stack.client, ingestLibraryId(LIBRARY), runId);
  return { histories, rerunSeconds, rerunChildren, rerunUnchanged: outcome.books.unchanged };
}

export async function runFloor(options: LibraryRunOptions): Promise<MeasuredRun> {
  const { signal, books, parallel, bundles, profileFolder } = options;
  await using stack = await startBenchStack({
    ...{ worker: './floor-worker.ts', workerArgs: ['--bundle', bundles.floor], signal, profileFolder },
  });
  const input: FloorInput = { books, parallel, childrenPerStep: CHILDREN_PER_STEP };
  return await measure(stack, async () => {
    const run = await stack.client.workflow.start('floorLibrary', {
      ...{ taskQueue: FLOOR_QUEUE, workflowId: 'floor', args: [input] },
    });
    using _telling = telling('floor', books, () => settledOfFloor(run));
    await run.result();
  });
}

async function settledOfFloor(run: WorkflowHandle): Promise<number> {
  return z.number().parse(await run.query('settled'));
}

function settledBooks({ ingested, failed, cancelled }: IngestLibraryResult['books']): number {
  return ingested + failed + cancelled;
}

async function measure<T>(stack: BenchStack, run: () => Promise<T>): Promise<MeasuredRun & { outcome: T }> {
  using memory = new MemorySamples(stack.workerPid, stack.serverPid);
  const before = await cpuOf(stack);
  const started = performance.now();
  const outcome = await stack.watched(run());
  const seconds = (performance.now() - started) / 1_000;
  const after = await cpuOf(stack);
  const cpu = {
    worker: after.worker - before.worker,
    sandbox: after.sandbox - before.sandbox,
    server: after.server - before.server,
  };
  return { outcome, seconds, memory: memory.samples, cpu };
}

async function cpuOf({ workerPids, serverPid }: BenchStack): Promise<MeasuredRun['cpu']> {
  const workers = await Promise.all(workerPids.map(cpuSeconds));
  const server = await cpuSeconds(serverPid);
  const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);
  return {
    worker: sum(workers.map(({ own }) => own)),
    sandbox: sum(workers.map(({ below }) => below)),
    server: server.own,
  };
}

/** A line on standard error each 15 seconds: how far the run is. */
function telling(name: string, books: number, settled: () => Promise<number>): Disposable {
  const started = Date.now();
  const timer = setInterval(async () => {
    // A question that isn't answered now is asked again.
    const done = await settled().catch(() => null);
    const seconds = Math.round((Date.now() - started) / 1_000);
    if (done !== null)
      process.stderr.write(
        `${name}: ${done} of ${books} books after ${seconds} s, ${(done / seconds).toFixed(1)}/s\n`,
      );
  }, TELL_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
