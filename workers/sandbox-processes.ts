import { availableParallelism, totalmem } from 'node:os';

const MB = 2 ** 20;
const MOST = 32;

export interface Room {
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Of the machine, or of the container where that has less. */
export function roomHere(): Room {
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { cores: availableParallelism(), memoryBytes };
}

/**
 * Most processes that read and cut at once where nobody says: one for each core, as far as each may fill its limit beside a worker
 * that fills its own. One in any case.
 */
export function sandboxProcesses(
  limits: { readonly workerMb: number; readonly processMb: number },
  { cores, memoryBytes }: Room = roomHere(),
): number {
  const fitting = Math.floor((memoryBytes / MB - limits.workerMb) / limits.processMb);
  return Math.max(1, Math.min(MOST, cores, fitting));
}
