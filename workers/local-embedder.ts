/** Opens the model in this process, on the fastest device that works. */
import {
  chooseDevice,
  type DeviceChoice,
  type Gpu,
  type WantedDevice,
} from '../activities/adapters/onnx/device-choice.ts';
import { DeviceEmbedder } from '../activities/adapters/onnx/device-embedder.ts';
import { type DeviceFacts, deviceFacts } from '../activities/adapters/onnx/device-facts.ts';
import { DeviceThreadSession } from '../activities/adapters/onnx/device-thread-session.ts';
import { openTokenizer } from '../activities/adapters/onnx/device-tokenizer.ts';
import {
  embedderIdOf,
  OnnxEmbedder,
  type OnnxEmbedderOptions,
} from '../activities/adapters/onnx/onnx-embedder.ts';
import { runDeviceProbe } from '../activities/adapters/onnx/run-device-probe.ts';
import type { Embedder } from '../activities/ports/embedder.ts';

export interface LocalEmbedderOptions {
  readonly model: Omit<OnnxEmbedderOptions, 'threads'>;
  readonly wanted: WantedDevice;
  /** Threads of the CPU. */
  readonly threads: number;
  /** Most texts of full length that a GPU is given at once. */
  readonly deviceBatch: number;
  onDevice?(choice: DeviceChoice): void;
}

const POOLING = 'mean';

/** @throws ScriptoriumError ASSET_UNAVAILABLE, INVALID_CONFIG */
export async function openLocalEmbedder(options: LocalEmbedderOptions): Promise<Embedder> {
  const { model, wanted, threads, onDevice } = options;
  const choice = await findDevice(wanted, model.modelPath, threads);
  onDevice?.(choice);
  if (choice.device === 'cpu') return await OnnxEmbedder.open({ ...model, threads });
  return await openOnGpu(choice.device, options);
}

/** @throws ScriptoriumError INVALID_CONFIG */
export async function findDevice(
  wanted: WantedDevice,
  modelPath: string,
  threads: number,
  facts: DeviceFacts = deviceFacts(),
): Promise<DeviceChoice> {
  const probe = (device: Gpu) =>
    runDeviceProbe(device, { model: { modelPath, pooling: POOLING }, cpuThreads: threads });
  return await chooseDevice({ wanted, facts, probe });
}

/**
 * The same id as on the CPU: the same file gives the same vectors up to rounding (cosine above 0.9999), so that a
 * library embedded on a GPU is searched from a machine that has none.
 */
async function openOnGpu(device: Gpu, { model, deviceBatch }: LocalEmbedderOptions): Promise<DeviceEmbedder> {
  const { modelPath, tokenizerPath, maxTokens } = model;
  await using opened = new AsyncDisposableStack();
  const open = async () =>
    opened.use(await DeviceThreadSession.open({ modelPath, provider: device, pooling: POOLING }));
  const first = await open();
  // WebGPU's native code knows one thread of a process: a second one ends it (seen with ONNX Runtime 1.30).
  const sessions = device === 'webgpu' ? ([first] as const) : ([first, await open()] as const);
  const embedder = new DeviceEmbedder({
    ...{ id: await embedderIdOf(model), deviceName: device, maxTokens, sessions, largestBatch: deviceBatch },
    tokenize: await openTokenizer(tokenizerPath, maxTokens),
  });
  opened.move();
  return embedder;
}
