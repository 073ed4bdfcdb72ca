/** Heaps that hold what lives, and little more. */
import { setFlagsFromString } from 'node:v8';

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

function set(flag: string): void {
  // Not a flag of the command line: a version of Node.js that knows it no more would refuse to start, and others complain of it.
  if (process.versions.node.startsWith('24.')) setFlagsFromString(flag);
}
