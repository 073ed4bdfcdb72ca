/**
 * Flags of Node.js for a worker process. Each of its heaps (the process's own, and those of the workflows' threads) would otherwise
 * get up to 134 MB for young objects, by and by: in a run of hours that looks like a leak. What it costs is in docs/performance.md.
 */
export const workerFlags: readonly string[] = ['--max-semi-space-size=16'];
