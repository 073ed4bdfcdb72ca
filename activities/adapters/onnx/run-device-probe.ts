/** Asks in a process of its own whether a device works. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { siblingModule } from '../../sibling-module.ts';
import { type Gpu, type Probe, refusalOf } from './device-choice.ts';
import type { DeviceThreadOptions } from './device-messages.ts';

export interface ProbeOptions {
  readonly model: Pick<DeviceThreadOptions, 'modelPath' | 'pooling'>;
  /** Threads that the CPU would embed with. */
  readonly cpuThreads: number;
  /** Default: CUDA's first start on a machine takes seconds, one that compiles kernels half a minute. */
  readonly timeoutMs?: number;
  /** Module of the process; tests bring some that fail in other ways. */
  readonly entry?: string;
}

const TIMEOUT_MS = 90_000;

const measured = z.object({ tokensPerSecond: z.number(), cpuTokensPerSecond: z.number() });

export async function runDeviceProbe(device: Gpu, options: ProbeOptions): Promise<Probe> {
  const { model, cpuThreads, timeoutMs = TIMEOUT_MS } = options;
  const entry = options.entry ?? siblingModule(import.meta.url, 'device-probe');
  const child = spawn(
    process.execPath,
    ['--no-warnings', entry, JSON.stringify({ ...model, provider: device })],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    },
  );
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve({ code, signal }));
  });
  const startedMs = performance.now();
  const [stdout, stderr, { code, signal }] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  if (signal === 'SIGKILL' && performance.now() - startedMs >= timeoutMs)
    return { works: false, why: `it did not compute within ${timeoutMs / 1_000} s`, remedy: null };
  if (signal) return { works: false, why: `its driver ended the process (${signal})`, remedy: null };
  if (code !== 0) return { works: false, ...refusalOf(stderr) };
  const { tokensPerSecond, cpuTokensPerSecond } = measured.parse(JSON.parse(stdout));
  return { works: true, tokensPerSecond, cpuTokensPerSecond: cpuTokensPerSecond * cpuThreads };
}
