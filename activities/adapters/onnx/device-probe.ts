/**
 * Entry of a process that loads the model on a device and computes a little: native code that can't bear a driver may
 * abort, or never come back. Prints one JSON object.
 */
import { z } from 'zod';
import { paddedBatch } from './device-batch.ts';
import { type DeviceThreadOptions, deviceThreadOptions } from './device-messages.ts';
import { DeviceModel } from './device-model.ts';

/** Texts and tokens of each; the first run also compiles what there is to compile. */
const SMALL = { texts: 1, tokens: 16 };
const LARGE = { texts: 16, tokens: 128 };
/** A device that takes longer for one short text is not worth asking for more. */
const SLOW_MS = 500;

try {
  const options = deviceThreadOptions.parse(JSON.parse(z.string().parse(process.argv[2])));
  const device = await measure(options, LARGE);
  const cpu = await measure({ ...options, provider: 'cpu' }, SMALL);
  const agreement = cosine(device.vector, cpu.vector);
  const rates = { tokensPerSecond: device.tokensPerSecond, cpuTokensPerSecond: cpu.tokensPerSecond };
  process.stdout.write(JSON.stringify({ ...rates, agreement }));
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}

/** The vector is that of the small batch. */
async function measure(on: DeviceThreadOptions, largest: typeof LARGE) {
  const model = await DeviceModel.load(on);
  const { vectors: vector } = await timed(model, SMALL);
  const { tookMs: smallMs } = await timed(model, SMALL);
  if (smallMs > SLOW_MS || largest === SMALL) return { vector, tokensPerSecond: rateOf(SMALL, smallMs) };
  await timed(model, largest);
  return { vector, tokensPerSecond: rateOf(largest, (await timed(model, largest)).tookMs) };
}

function rateOf({ texts, tokens }: typeof LARGE, tookMs: number): number {
  return (texts * tokens * 1_000) / tookMs;
}

async function timed(model: DeviceModel, { texts, tokens }: typeof LARGE) {
  const ids = Array.from({ length: texts }, (_, text) =>
    Array.from({ length: tokens }, (_, at) => 1_000 + ((text * 31 + at) % 1_000)),
  );
  const startedMs = performance.now();
  const vectors = await model.run(paddedBatch(ids, tokens));
  return { vectors, tookMs: performance.now() - startedMs };
}

/** Of two vectors of length one. */
function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}
