/** Heaps that hold what lives, and little more. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets a heap grow to twice and more of what lives in it before it looks for what does not. A stack has eight heaps, for
 * whose work that is too much: a worker takes a third less memory this way, and a tenth more of a core where books are
 * so short that nothing but orchestration is left (docs/tuning.md). Holds for all threads of the process.
 */
export function keepHeapsLean(): void {
  // Not a flag of the command line: a version of Node.js that knows it no more would refuse to start, and others complain of it.
  if (process.versions.node.startsWith('24.')) setFlagsFromString('--memory-saver-mode');
}
