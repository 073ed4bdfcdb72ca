/** Asks in a process of its own whether a device works. */
import { type ChildProcess, spawn } from 'node:child_process';
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
/** Least cosine of a vector from the device and the same from the CPU: half precision gives 0.9999 and more. */
const LEAST_AGREEMENT = 0.999;

const measured = z.object({
  tokensPerSecond: z.number(),
  cpuTokensPerSecond: z.number(),
  agreement: z.number(),
});

export async function runDeviceProbe(device: Gpu, options: ProbeOptions): Promise<Probe> {
  const { cpuThreads, timeoutMs = TIMEOUT_MS } = options;
  const { stdout, stderr, code, signal, lateness } = await processOf(device, { ...options, timeoutMs });
  const lost = (why: string): Probe => ({ works: false, why, remedy: null });
  if (lateness) return lost(`it did not compute within ${timeoutMs / 1_000} s`);
  if (signal) return lost(`its driver ended the process (${signal})`);
  if (code !== 0) return { works: false, ...refusalOf(stderr) };
  const answer = answerOf(stdout);
  if (!answer) return lost('it ended without an answer');
  const { tokensPerSecond, cpuTokensPerSecond, agreement } = answer;
  if (!(agreement >= LEAST_AGREEMENT))
    return lost(`its vectors are not those of the CPU (cosine ${agreement.toFixed(4)})`);
  return { works: true, tokensPerSecond, cpuTokensPerSecond: cpuTokensPerSecond * cpuThreads };
}

async function processOf(device: Gpu, options: ProbeOptions & { readonly timeoutMs: number }) {
  const { model, timeoutMs } = options;
  const entry = options.entry ?? siblingModule(import.meta.url, 'device-probe');
  const child = spawn(
    process.execPath,
    ['--no-warnings', entry, JSON.stringify({ ...model, provider: device })],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let lateness = false;
  const timer = setTimeout(() => {
    lateness = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const ended = new Promise<Pick<ChildProcess, 'exitCode' | 'signalCode'>>((resolve, reject) => {
    child.once('error', reject).once('close', () => resolve(child));
  });
  const [stdout, stderr, { exitCode, signalCode }] = await Promise.all([
    ...([text(child.stdout), text(child.stderr)] as const),
    ended,
  ]);
  clearTimeout(timer);
  return { stdout, stderr, code: exitCode, signal: signalCode, lateness };
}

function answerOf(stdout: string): z.infer<typeof measured> | undefined {
  try {
    return measured.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}
