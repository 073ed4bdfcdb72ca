/**
 * Thread of a sandbox process that ends it when it takes too much memory or has lost its parent. A thread, because
 * the main one may be busy in WebAssembly for minutes.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { MEMORY_MARKER, watchdogSchema } from './protocol.ts';

const INTERVAL_MS = 50;
const { maxMemoryBytes, parentPid } = watchdogSchema.parse(workerData);

setInterval(() => {
  const rss = process.memoryUsage.rss();
  if (rss > maxMemoryBytes) {
    writeSync(2, `${MEMORY_MARKER}: ${rss} bytes\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
}, INTERVAL_MS);
