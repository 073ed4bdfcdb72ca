import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  chooseDevice,
  type DeviceSearch,
  deviceLine,
  type Gpu,
  type Probe,
  refusalOf,
} from '../../activities/adapters/onnx/device-choice.ts';
import { type DeviceFacts, deviceFacts } from '../../activities/adapters/onnx/device-facts.ts';
import { POOLED_ALREADY } from '../../activities/adapters/onnx/pooled-graph.ts';
import { runDeviceProbe } from '../../activities/adapters/onnx/run-device-probe.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const FULL: DeviceFacts = {
  ...{ platform: 'linux-x64', nvidia: true, gpu: true, runtimeVersion: '1.30.0' },
  ...{ providerFolder: '/app/onnxruntime/bin', missingLibraries: [] },
};
const BARE: DeviceFacts = {
  ...FULL,
  ...{ nvidia: false, gpu: false },
  missingLibraries: ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'],
};
const FAST: Probe = { works: true, tokensPerSecond: 1e6, cpuTokensPerSecond: 1e4 };
const SOFTWARE: Probe = { works: true, tokensPerSecond: 4, cpuTokensPerSecond: 1_645 };
const BROKEN: Probe = { works: false, why: 'libcudart.so.13 is not found', remedy: 'install CUDA 13' };

/** A search whose probes are known, and counted. */
function searchOf(
  wanted: DeviceSearch['wanted'],
  facts: DeviceFacts,
  probes: Partial<Record<Gpu, Probe>> = {},
): DeviceSearch & { readonly probed: Gpu[] } {
  const probed: Gpu[] = [];
  const probe = async (device: Gpu): Promise<Probe> => {
    probed.push(device);
    return probes[device] ?? { works: false, why: 'nobody expected that it is tried', remedy: null };
  };
  return { wanted, facts, probe, probed };
}

describe('of itself', () => {
  test('CUDA is taken where it computes, and nothing else is tried', async () => {
    const search = searchOf('auto', FULL, { cuda: FAST });
    expect(await chooseDevice(search)).toEqual({ device: 'cuda', refused: [] });
    expect(search.probed).toEqual(['cuda']);
  });

  test('WebGPU is taken where CUDA does not work, and says why', async () => {
    const choice = await chooseDevice(searchOf('auto', FULL, { cuda: BROKEN, webgpu: FAST }));
    expect(choice.device).toBe('webgpu');
    expect(deviceLine(choice)).toBe('webgpu; not cuda: libcudart.so.13 is not found (install CUDA 13)');
  });

  test('the CPU is taken where nothing else is, without a try, and says why', async () => {
    const search = searchOf('auto', BARE);
    const choice = await chooseDevice(search);
    expect(deviceLine(choice)).toBe(
      'cpu; not cuda: this machine shows no NVIDIA device; not webgpu: this machine shows no GPU',
    );
    expect(search.probed).toEqual([]);
  });

  test('software that plays a GPU is not taken', async () => {
    const choice = await chooseDevice(searchOf('auto', { ...BARE, gpu: true }, { webgpu: SOFTWARE }));
    expect(choice.device).toBe('cpu');
    expect(deviceLine(choice)).toContain('not webgpu: it is slower than the CPU: 4 tokens/s against 1645');
  });

  test('libraries of the provider that are missing are named with their folder and where to get them', async () => {
    const facts = { ...FULL, missingLibraries: BARE.missingLibraries };
    const line = deviceLine(await chooseDevice(searchOf('auto', facts, { webgpu: BROKEN })));
    expect(line).toContain(
      'libonnxruntime_providers_shared.so and libonnxruntime_providers_cuda.so are not in /app/onnxruntime/bin',
    );
    expect(line).toContain('onnxruntime-gpu 1.30.0');
  });

  test.each(['darwin-arm64', 'linux-arm64', 'win32-x64'])('on %s there is no CUDA', async (platform) => {
    const choice = await chooseDevice(searchOf('auto', { ...FULL, platform }, { webgpu: FAST }));
    expect(choice.refused[0]?.why).toContain(platform);
    expect(choice.device).toBe(platform === 'linux-arm64' ? 'cpu' : 'webgpu');
  });
});

describe('a device that is asked for', () => {
  test('is the CPU, and nothing is looked at', async () => {
    const search = searchOf('cpu', FULL, { cuda: FAST });
    expect(await chooseDevice(search)).toEqual({ device: 'cpu', refused: [] });
    expect(search.probed).toEqual([]);
  });

  test('is taken even where it is slow', async () => {
    expect(await chooseDevice(searchOf('webgpu', FULL, { webgpu: SOFTWARE }))).toMatchObject({
      device: 'webgpu',
    });
  });

  test.each([
    ['is not there', BARE, 'this machine shows no NVIDIA device'],
    ['does not work', FULL, 'libcudart.so.13 is not found; install CUDA 13'],
  ])('and %s is INVALID_CONFIG', async (_, facts, why) => {
    await expect(chooseDevice(searchOf('cuda', facts, { cuda: BROKEN }))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: `SCRIPTORIUM_DEVICE=cuda, and ${why}`,
    });
  });
});

describe('what a probe says', () => {
  // The first three as ONNX Runtime 1.30 and Dawn said it here.
  test.each([
    [
      'Failed to load library /x/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory',
      'libcublasLt.so.13 is not found',
      /CUDA 13.*LD_LIBRARY_PATH/,
    ],
    [
      "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory",
      'libvulkan.so.1 is not found',
      /libvulkan1/,
    ],
    ['Failed to get a WebGPU adapter: No supported adapters', 'no driver offers a GPU', /driver/],
    [
      'with error: libcuda.so.1: cannot open shared object file',
      'libcuda.so.1 is not found',
      /NVIDIA driver/,
    ],
    ['with error: libcudnn.so.9: cannot open shared object file', 'libcudnn.so.9 is not found', /cuDNN 9/],
    [
      'CUDA failure 35: CUDA driver version is insufficient',
      'the NVIDIA driver is too old for CUDA 13',
      /580/,
    ],
    [`Error: ${POOLED_ALREADY}`, POOLED_ALREADY, /choose fp16/],
    ['CUDA failure 100: no CUDA-capable device is detected', 'CUDA sees no device', /CUDA_VISIBLE_DEVICES/],
  ])('%s', (output, why, remedy) => {
    expect(refusalOf(output)).toEqual({ why, remedy: expect.stringMatching(remedy) });
  });

  test('that nobody knows is told as it stands', () => {
    expect(refusalOf('a warning\nError: the moon is full\n')).toEqual({
      why: 'Error: the moon is full',
      remedy: null,
    });
    expect(refusalOf('')).toEqual({ why: 'it failed without a word', remedy: null });
  });
});

describe('a probe', () => {
  const model = { modelPath: '/no/such/model.onnx', pooling: 'mean' } as const;

  /** A process of that code in the place of the real one. */
  async function probing(code: string, timeoutMs = 60_000): Promise<Probe> {
    await using folder = await tempFolder();
    const entry = join(folder.path, 'entry.mjs');
    await writeFile(entry, code);
    return await runDeviceProbe('cuda', { model, cpuThreads: 4, timeoutMs, entry });
  }

  test('gives what was measured, the CPU for all its threads', async () => {
    const code = `
      const { provider, modelPath } = JSON.parse(process.argv[2]);
      console.error('a warning of the driver');
      if (provider === 'cuda' && modelPath === '/no/such/model.onnx')
        console.log(JSON.stringify({ tokensPerSecond: 1000, cpuTokensPerSecond: 10, agreement: 0.9999 }));`;
    expect(await probing(code)).toEqual({ works: true, tokensPerSecond: 1_000, cpuTokensPerSecond: 40 });
  });

  test.each([
    [
      'fails',
      `console.error('with error: libcuda.so.1: cannot open shared object file'); process.exit(1);`,
      'libcuda.so.1 is not found',
    ],
    [
      'is ended by its driver',
      `process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);`,
      'its driver ended the process (SIGSEGV)',
    ],
    [
      'computes wrongly',
      `console.log(JSON.stringify({ tokensPerSecond: 1000, cpuTokensPerSecond: 10, agreement: 0.9 }))`,
      'its vectors are not those of the CPU (cosine 0.9000)',
    ],
    ['says nothing', '', 'it ended without an answer'],
    ['says something else', `console.log('hello')`, 'it ended without an answer'],
  ])('that %s is told', async (_, code, why) => {
    expect(await probing(code)).toMatchObject({ works: false, why });
  });

  test('that never comes back is ended', async () => {
    expect(await probing('setInterval(() => {}, 1000)', 1_500)).toEqual({
      ...{ works: false, remedy: null },
      why: 'it did not compute within 1.5 s',
    });
  });

  test('of a model that is not there says so, from the real process', async () => {
    const probe = await runDeviceProbe('webgpu', { model, cpuThreads: 1 });
    expect(probe).toMatchObject({ works: false, why: expect.stringContaining('/no/such/model.onnx') });
  });
});

test('the facts of this machine are where ONNX Runtime really lies', () => {
  const facts = deviceFacts();
  expect(facts.platform).toBe(`${process.platform}-${process.arch}`);
  expect(facts.runtimeVersion).toMatch(/^\d+\.\d+\.\d+$/);
  expect(facts.providerFolder).toContain(join('onnxruntime', 'bin'));
});
