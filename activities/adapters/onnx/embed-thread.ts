/** One thread of the embedder: a session that computes with one core, a text at a time. */
import assert from 'node:assert/strict';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime';
import { hiddenStateAmong } from './pooled-graph.ts';
import { normalizePooled, pool } from './pooling.ts';
import {
  CLOSE,
  type EmbedJob,
  type EmbedReply,
  embedJob,
  type ThreadReady,
  threadOptions,
} from './thread-messages.ts';

const options = threadOptions.parse(workerData);
if (!parentPort) throw new Error('this module runs as a worker thread');
const port = parentPort;

const session = await InferenceSession.create(options.modelPath, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  ...(options.isLaidOut && { graphOptimizationLevel: 'disabled' }),
});
const inputs = {
  ids: new BigInt64Array(options.maxTokens),
  mask: new BigInt64Array(options.maxTokens).fill(1n),
  types: new BigInt64Array(options.maxTokens),
};
const wantsMask = session.inputNames.includes('attention_mask');
const wantsTypes = session.inputNames.includes('token_type_ids');
/** Axes of a vector for each text; a hidden state has one more, the tokens. */
const POOLED = 2;
const outputName = hiddenStateAmong(session.outputNames) ?? 'last_hidden_state';

const probe = await outputOf(Int32Array.of(101, 102));
floatsOf(probe);
const dimensions = probe.dims.at(-1) ?? 0;
port.postMessage({ kind: 'ready', dimensions } satisfies ThreadReady);

// One text after the other: `run` blocks the thread anyway, and the buffers are shared.
const urgent: EmbedJob[] = [];
const others: EmbedJob[] = [];
let closing = false;
let working = false;
port.on('message', (message: unknown) => {
  accept(message);
  void work();
});

function accept(message: unknown): void {
  if (message === CLOSE) {
    closing = true;
    return;
  }
  const { data: job, error } = embedJob.safeParse(message);
  // Whoever sends that is broken: the thread ends, whichever job it has in hand.
  if (error) queueMicrotask(() => assert.fail(error));
  else (job.urgent ? urgent : others).push(job);
}

/** What has arrived already but waits for a turn of the event loop, which native code keeps from coming. */
function acceptArrived(): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) accept(next.message);
}

async function work(): Promise<void> {
  if (working) return;
  working = true;
  for (let job = urgent.shift() ?? others.shift(); job; job = urgent.shift() ?? others.shift())
    await answer(job);
  working = false;
  if (closing) port.close();
}

async function answer({ id, texts, urgent: isUrgent }: EmbedJob): Promise<void> {
  try {
    const vectors = await embed(texts, isUrgent ? async () => {} : answerUrgent);
    port.postMessage({ kind: 'done', id, vectors } satisfies EmbedReply, [vectors.buffer]);
  } catch (error) {
    port.postMessage({ kind: 'failed', id, message: String(error) } satisfies EmbedReply);
  }
}

/** A question waits for one text of a batch at most. */
async function answerUrgent(): Promise<void> {
  acceptArrived();
  for (let job = urgent.shift(); job; job = urgent.shift()) await answer(job);
}

async function embed(
  texts: readonly Int32Array[],
  beforeText: () => Promise<void>,
): Promise<Float32Array<ArrayBuffer>> {
  const vectors = new Float32Array(texts.length * dimensions);
  for (const [index, ids] of texts.entries()) {
    await beforeText();
    const output = await outputOf(ids);
    const data = floatsOf(output);
    const into = vectors.subarray(index * dimensions, (index + 1) * dimensions);
    if (output.dims.length === POOLED) {
      into.set(data);
      normalizePooled(into);
    } else pool(data, ids.length, options.pooling, into);
    output.dispose();
  }
  return vectors;
}

/** The last hidden state, or the vector itself where the graph pools. */
async function outputOf(ids: Int32Array): Promise<Tensor> {
  for (const [index, id] of ids.entries()) inputs.ids[index] = BigInt(id);
  const shape = [1, ids.length];
  const output = await session.run({
    input_ids: new Tensor('int64', inputs.ids.subarray(0, ids.length), shape),
    ...(wantsMask && { attention_mask: new Tensor('int64', inputs.mask.subarray(0, ids.length), shape) }),
    ...(wantsTypes && { token_type_ids: new Tensor('int64', inputs.types.subarray(0, ids.length), shape) }),
  });
  const hidden = output[outputName];
  if (!(hidden instanceof Tensor)) throw new Error(`the model gives no ${outputName}`);
  return hidden;
}

/** Exports for GPUs give half precision. */
function floatsOf({ data, type }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float16Array) return new Float32Array(data);
  if (type === 'float16' && data instanceof Uint16Array)
    return new Float32Array(new Float16Array(data.buffer, data.byteOffset, data.length));
  throw new Error(`the model's output is ${type}, and neither float32 nor float16`);
}
