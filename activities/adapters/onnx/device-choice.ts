/** Which device embeds: the fastest that works, and of each faster one why it does not. */
import { ScriptoriumError } from '../../errors.ts';
import type { DeviceFacts } from './device-facts.ts';
import { POOLED_ALREADY } from './pooled-graph.ts';

export type Gpu = 'cuda' | 'webgpu';
export type Device = Gpu | 'cpu';
export type WantedDevice = Device | 'auto';

/** Why a device is not used, and what to do where anything can be done. */
export interface Refusal {
  readonly why: string;
  readonly remedy: string | null;
}

/** What came of computing on a device. */
export type Probe =
  | { readonly works: true; readonly tokensPerSecond: number; readonly cpuTokensPerSecond: number }
  | ({ readonly works: false } & Refusal);

export interface DeviceChoice {
  readonly device: Device;
  /** Faster ones, fastest first. */
  readonly refused: readonly (Refusal & { readonly device: Gpu })[];
}

export interface DeviceSearch {
  readonly wanted: WantedDevice;
  readonly facts: DeviceFacts;
  /** Loads the model on the device and computes, where nothing that happens can do harm. */
  probe(device: Gpu): Promise<Probe>;
}

const FASTEST_FIRST: readonly Gpu[] = ['cuda', 'webgpu'];

/** @throws ScriptoriumError INVALID_CONFIG when a device is asked for that does not work here */
export async function chooseDevice(search: DeviceSearch): Promise<DeviceChoice> {
  const { wanted } = search;
  if (wanted === 'cpu') return { device: 'cpu', refused: [] };
  if (wanted !== 'auto') return await forced(wanted, search);
  const refused: (Refusal & { device: Gpu })[] = [];
  for (const device of FASTEST_FIRST) {
    const refusal = refusalByFacts(device, search.facts) ?? refusalByProbe(await search.probe(device), true);
    if (!refusal) return { device, refused };
    refused.push({ device, ...refusal });
  }
  return { device: 'cpu', refused };
}

/** One line for people: what runs, and of each faster device why it does not and what to do about it. */
export function deviceLine({ device, refused }: DeviceChoice): string {
  const others = refused.map(
    ({ device: faster, why, remedy }) => `not ${faster}: ${why}${remedy ? ` (${remedy})` : ''}`,
  );
  return [device, ...others].join('; ');
}

async function forced(device: Gpu, { facts, probe }: DeviceSearch): Promise<DeviceChoice> {
  const refusal = refusalByFacts(device, facts) ?? refusalByProbe(await probe(device), false);
  if (!refusal) return { device, refused: [] };
  const { why, remedy } = refusal;
  const message = `SCRIPTORIUM_DEVICE=${device}, and ${why}${remedy ? `; ${remedy}` : ''}`;
  throw new ScriptoriumError('INVALID_CONFIG', message);
}

/** What the files of the machine tell: no process is started for a device that is not there. */
export function refusalByFacts(device: Gpu, facts: DeviceFacts): Refusal | null {
  if (device === 'webgpu') return webGpuRefusal(facts);
  if (facts.platform !== 'linux-x64')
    return { why: `ONNX Runtime has CUDA for Linux on x64 alone, not ${facts.platform}`, remedy: null };
  if (!facts.nvidia) return { why: 'this machine shows no NVIDIA device', remedy: null };
  if (facts.missingLibraries.length === 0) return null;
  return {
    why: `${facts.missingLibraries.join(' and ')} ${facts.missingLibraries.length === 1 ? 'is' : 'are'} not in ${facts.providerFolder}`,
    remedy: `put there what the Python package onnxruntime-gpu ${facts.runtimeVersion} has in onnxruntime/capi; docs/operations.md, GPU`,
  };
}

function webGpuRefusal({ platform, gpu }: DeviceFacts): Refusal | null {
  if (platform === 'linux-arm64')
    return { why: 'ONNX Runtime has no WebGPU for Linux on arm64', remedy: null };
  return gpu ? null : { why: 'this machine shows no GPU', remedy: null };
}

/** @param comparing whether it must also be faster than the CPU: software that plays a GPU is not */
function refusalByProbe(probe: Probe, comparing: boolean): Refusal | null {
  if (!probe.works) return { why: probe.why, remedy: probe.remedy };
  if (!comparing || probe.tokensPerSecond > probe.cpuTokensPerSecond) return null;
  const [device, cpu] = [probe.tokensPerSecond, probe.cpuTokensPerSecond].map((rate) => rate.toFixed(0));
  return { why: `it is slower than the CPU: ${device} tokens/s against ${cpu}`, remedy: null };
}

/** Libraries that the CUDA provider needs, by what has them; the rest is CUDA's toolkit. */
const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/^libcuda\.so/, 'install the NVIDIA driver'],
  [/^libcudnn/, 'install cuDNN 9 for CUDA 13'],
  [/^libvulkan/, 'install the Vulkan loader, on Debian and Ubuntu the package libvulkan1'],
];

/**
 * What to do about what a probe said and wrote to its standard error.
 * @param output both, as ONNX Runtime and Dawn word it
 */
export function refusalOf(output: string): Refusal {
  const library = /(?:error: |Vulkan: )(lib[\w.+-]+): cannot open shared object file/.exec(output)?.[1];
  if (library) {
    const [, remedy] = PACKAGES.find(([name]) => name.test(library)) ?? [];
    const toolkit =
      'install CUDA 13 (12 for a provider that was made for it), and name the folder of its libraries in LD_LIBRARY_PATH';
    return { why: `${library} is not found`, remedy: remedy ?? toolkit };
  }
  if (output.includes(POOLED_ALREADY))
    return {
      why: POOLED_ALREADY,
      remedy: 'choose fp16, or the default, in a new home (`scriptorium model`)',
    };
  if (/No supported adapters/.test(output))
    return { why: 'no driver offers a GPU', remedy: 'install the Vulkan driver of the GPU' };
  if (/driver version is insufficient|CUDA (?:failure|error) 35\b/i.test(output))
    return { why: 'the NVIDIA driver is too old for CUDA 13', remedy: 'install driver 580 or newer' };
  if (/no CUDA-capable device/i.test(output))
    return {
      why: 'CUDA sees no device',
      remedy: 'see CUDA_VISIBLE_DEVICES, and that this user may open /dev/nvidia*',
    };
  return { why: lastLine(output), remedy: null };
}

function lastLine(output: string): string {
  const line = output.trim().split('\n').at(-1)?.trim() ?? '';
  return line.slice(0, 300) || 'it failed without a word';
}
