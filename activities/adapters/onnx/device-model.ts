/** A model with pooling in its graph, on one execution provider of ONNX Runtime. Its calls block the thread. */
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime';
import type { DeviceThreadOptions } from './device-messages.ts';
import type { PaddedBatch } from './device-session.ts';
import { POOLED, POOLING_WEIGHTS, withPooling } from './pooled-graph.ts';
import type { Pooling } from './pooling.ts';

/** Start and end token of BERT's vocabulary; any two ids show the length of a vector. */
const PROBE: PaddedBatch = {
  ...{ rows: 1, tokens: 2 },
  ids: Int32Array.of(101, 102),
  lengths: Int32Array.of(2),
};

export class DeviceModel {
  readonly dimensions: number;
  readonly #session: InferenceSession;
  readonly #pooling: Pooling;

  private constructor(session: InferenceSession, poolingKind: Pooling, dimensions: number) {
    this.#session = session;
    this.#pooling = poolingKind;
    this.dimensions = dimensions;
  }

  /** @throws Error when the provider or the model can't be loaded, or does not compute */
  static async load({ modelPath, provider, pooling }: DeviceThreadOptions): Promise<DeviceModel> {
    const session = await InferenceSession.create(withPooling(await readFile(modelPath)), {
      executionProviders: [provider],
      // Errors only: that nodes of shapes run on the CPU is as it should be.
      logSeverityLevel: 3,
      ...(provider === 'cpu' && { intraOpNumThreads: 1, interOpNumThreads: 1 }),
    });
    const sums = await sumsOf(session, PROBE, pooling);
    return new DeviceModel(session, pooling, sums.length);
  }

  /**
   * Vectors of length one, row-major.
   * @throws Error with what ONNX Runtime says
   */
  async run(batch: PaddedBatch): Promise<Float32Array<ArrayBuffer>> {
    const sums = await sumsOf(this.#session, batch, this.#pooling);
    const vectors = Float32Array.from(sums);
    for (let row = 0; row < batch.rows; row++)
      normalize(vectors.subarray(row * this.dimensions, (row + 1) * this.dimensions));
    return vectors;
  }
}

async function sumsOf(
  session: InferenceSession,
  batch: PaddedBatch,
  poolingKind: Pooling,
): Promise<Float32Array> {
  const output = await session.run(feedsOf(session.inputNames, batch, poolingKind), [POOLED]);
  const sums = output[POOLED];
  if (!(sums instanceof Tensor) || !(sums.data instanceof Float32Array))
    throw new Error(`the model gives no ${POOLED} of type float32`);
  return sums.data;
}

function feedsOf(inputNames: readonly string[], batch: PaddedBatch, poolingKind: Pooling) {
  const { rows, tokens, ids } = batch;
  const shape = [rows, tokens];
  const wide = (values: Int32Array): Tensor => new Tensor('int64', asInt64(values), shape);
  return {
    input_ids: wide(ids),
    attention_mask: wide(Int32Array.from(weightsOf(batch, 'mean'))),
    ...(inputNames.includes('token_type_ids') && { token_type_ids: wide(new Int32Array(rows * tokens)) }),
    [POOLING_WEIGHTS]: new Tensor('float32', weightsOf(batch, poolingKind), [rows, 1, tokens]),
  };
}

/** The divisor of the mean cancels in the norm. */
function weightsOf({ rows, tokens, lengths }: PaddedBatch, poolingKind: Pooling): Float32Array {
  const weights = new Float32Array(rows * tokens);
  for (let row = 0; row < rows; row++) {
    const from = row * tokens;
    const length = lengths[row] ?? 0;
    if (poolingKind === 'mean') weights.fill(1, from, from + length);
    else weights[from + (poolingKind === 'cls' ? 0 : length - 1)] = 1;
  }
  return weights;
}

/** Through the low halves: a BigInt a token would be a hundred times slower. Ids are never negative. */
function asInt64(values: Int32Array): BigInt64Array {
  const wide = new BigInt64Array(values.length);
  const halves = new Int32Array(wide.buffer);
  for (let at = 0; at < values.length; at++) halves[2 * at] = values[at] ?? 0;
  return wide;
}

/** @throws Error for a vector of no length: a device that failed without saying so gives zeros */
function normalize(vector: Float32Array): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (!(squares > 0 && Number.isFinite(squares)))
    throw new Error('the device gives vectors that are zero, or no numbers');
  const scale = 1 / Math.sqrt(squares);
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] ?? 0) * scale;
}
