/** Opens the model in this process, on the fastest device that works. */
import {
  chooseDevice,
  type Device,
  type DeviceChoice,
  type Gpu,
  type WantedDevice,
} from '../activities/adapters/onnx/device-choice.ts';
import { DeviceEmbedder } from '../activities/adapters/onnx/device-embedder.ts';
import { type DeviceFacts, deviceFacts } from '../activities/adapters/onnx/device-facts.ts';
import type { DeviceThreadOptions } from '../activities/adapters/onnx/device-messages.ts';
import { DeviceThreadSession } from '../activities/adapters/onnx/device-thread-session.ts';
import type { LocalModel } from '../activities/adapters/onnx/model-folder.ts';
import { openTokenizer } from '../activities/adapters/onnx/model-tokenizer.ts';
import { embedderIdOf, OnnxEmbedder } from '../activities/adapters/onnx/onnx-embedder.ts';
import { runDeviceProbe } from '../activities/adapters/onnx/run-device-probe.ts';
import { PrefixedEmbedder } from '../activities/adapters/prefixed-embedder.ts';
import { ScriptoriumError } from '../activities/errors.ts';
import type { ChunkOptions } from '../activities/ports/documents.ts';
import type { Embedder } from '../activities/ports/embedder.ts';

export interface LocalEmbedderOptions {
  readonly model: LocalModel;
  /** Where models are kept as they are laid out for this machine. */
  readonly layoutFolder: string;
  readonly wanted: WantedDevice;
  /** Threads of the CPU. */
  readonly threads: number;
  /** Most texts of full length that a GPU is given at once. */
  readonly deviceBatch: number;
  onDevice?(choice: DeviceChoice): void;
  /** Hears that the GPU computes nothing any more. */
  onDeviceLost?(reason: string): void;
}

/** @throws ScriptoriumError ASSET_UNAVAILABLE, INVALID_CONFIG */
export async function openLocalEmbedder(options: LocalEmbedderOptions): Promise<Embedder> {
  const { model, wanted, threads, layoutFolder, onDevice } = options;
  const choice = await findDevice(wanted, model, threads);
  onDevice?.(choice);
  const embedder =
    choice.device === 'cpu'
      ? await OnnxEmbedder.open({ ...model, threads, layoutFolder })
      : await openOnGpu(choice.device, options);
  return await prefixed(embedder, model);
}

async function prefixed(embedder: Embedder, model: LocalModel): Promise<Embedder> {
  const { prefixes } = model;
  if (prefixes.question === '' && prefixes.passage === '') return embedder;
  return new PrefixedEmbedder(embedder, prefixes, await prefixTokens(model));
}

/** Tokens of the prefix that each passage gets. */
export async function prefixTokens({ prefixes, tokenizerPath, maxTokens }: LocalModel): Promise<number> {
  if (prefixes.passage === '') return 0;
  const tokenize = await openTokenizer(tokenizerPath, maxTokens);
  const [empty = [], prefix = []] = await tokenize(['', prefixes.passage]);
  return prefix.length - empty.length;
}

/**
 * A chunk that is longer than the model takes would be cut, and found by its beginning alone.
 * @param room tokens of a passage that it takes
 * @throws ScriptoriumError INVALID_CONFIG
 */
export function requireRoom({ maxTokens }: ChunkOptions, room: number): void {
  if (maxTokens <= room) return;
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    `SCRIPTORIUM_CHUNK_TOKENS=${maxTokens} is more than the model takes beside its prefix for passages; set it to ${room} or less`,
  );
}

/** @throws ScriptoriumError INVALID_CONFIG */
export async function findDevice(
  wanted: WantedDevice,
  { modelPath, pooling }: Pick<LocalModel, 'modelPath' | 'pooling'>,
  threads: number,
  facts: DeviceFacts = deviceFacts(),
): Promise<DeviceChoice> {
  const probe = (device: Gpu) =>
    runDeviceProbe(device, { model: { modelPath, pooling }, cpuThreads: threads });
  return await chooseDevice({ wanted, facts, probe });
}

/** One after the other: each takes its share of the device's memory. */
export async function openSessions(
  provider: Device,
  model: Pick<DeviceThreadOptions, 'modelPath' | 'pooling'>,
): Promise<readonly [DeviceThreadSession, ...DeviceThreadSession[]]> {
  const first = await DeviceThreadSession.open({ ...model, provider });
  // WebGPU's native code knows one thread of a process: a second one ends it (seen with ONNX Runtime 1.30).
  if (provider === 'webgpu') return [first];
  try {
    return [first, await DeviceThreadSession.open({ ...model, provider })];
  } catch (error) {
    await first[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The same id as on the CPU: the same file gives the same vectors up to rounding, so that a library embedded on a GPU is
 * searched from a machine that has none. The probe refuses a device that gives others.
 */
async function openOnGpu(
  device: Gpu,
  { model, deviceBatch, onDeviceLost }: LocalEmbedderOptions,
): Promise<DeviceEmbedder> {
  const { modelPath, tokenizerPath, maxTokens, pooling } = model;
  const [id, tokenize] = await Promise.all([embedderIdOf(model), openTokenizer(tokenizerPath, maxTokens)]);
  const sessions = await openSessions(device, { modelPath, pooling });
  return new DeviceEmbedder({
    ...{ id, deviceName: device, maxTokens, tokenize, sessions, largestBatch: deviceBatch },
    ...(onDeviceLost && { onLost: onDeviceLost }),
  });
}
