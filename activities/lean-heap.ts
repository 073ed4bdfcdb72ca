/** Heaps that hold what lives, and little more. */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * V8 lets a heap grow to twice and more of what lives in it before it looks for what does not. A stack has eight heaps, for
 * whose work that is too much: a worker takes a third less memory this way, and a tenth more of a core where books are
 * so short that nothing but orchestration is left (docs/tuning.md). Holds for all threads of the process.
 */
export function keepHeapsLean(): void {
  set('--memory-saver-mode');
}

/**
 * For a process that somebody waits for. A lean heap of 90 MB is gone through after each 6 MB that were put into it: both of two
 * cores for a tenth of a second, at every fourteenth question. This one may grow by half first.
 */
export function limitHeapGrowth(): void {
  set('--heap-growing-percent=50');
}

const COLLECT_EVERY_MS = 60_000;
/** Share of the time below which a process counts as idle: V8 tidies up by itself then, and there is little to be given back. */
const IDLE = 0.002;

/**
 * What native code holds for us (LanceDB's queries and results) is given back when the object of JavaScript that stands for it is
 * collected. V8 sees some bytes and does not hurry: a process that answers had 45 MB more than it needs, and grew for hours. It
 * collects once a minute now, if it did anything in it, which holds it up for some 30 ms.
 */
export function collectRegularly(everyMs: number = COLLECT_EVERY_MS): Disposable {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > IDLE && typeof collect === 'function') collect();
  }, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function set(flag: string): void {
  // Not a flag of the command line: a version of Node.js that knows it no more would refuse to start, and others complain of it.
  if (process.versions.node.startsWith('24.')) setFlagsFromString(flag);
}
