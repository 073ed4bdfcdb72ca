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
  const tokensPerSecond = await rate(options, LARGE);
  const cpuTokensPerSecond = await rate({ ...options, provider: 'cpu' }, SMALL);
  process.stdout.write(JSON.stringify({ tokensPerSecond, cpuTokensPerSecond }));
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}

/** Tokens a second. */
async function rate(on: DeviceThreadOptions, largest: typeof LARGE): Promise<number> {
  const model = await DeviceModel.load(on);
  await timed(model, SMALL);
  const small = await timed(model, SMALL);
  if (small > SLOW_MS || largest === SMALL) return (SMALL.tokens * 1_000) / small;
  await timed(model, largest);
  return (largest.texts * largest.tokens * 1_000) / (await timed(model, largest));
}

/** Milliseconds of one run. */
async function timed(model: DeviceModel, { texts, tokens }: typeof LARGE): Promise<number> {
  const ids = Array.from({ length: texts }, (_, text) =>
    Array.from({ length: tokens }, (_, at) => 1_000 + ((text * 31 + at) % 1_000)),
  );
  const started = performance.now();
  await model.run(paddedBatch(ids, tokens));
  return performance.now() - started;
}
