import { totalmem } from 'node:os';
import { expect, jest, test } from '@jest/globals';
import { roomHere, sandboxProcesses } from '../../workers/sandbox-processes.ts';

const GB = 2 ** 30;
const limits = { workerMb: 4_096, processMb: 1_024 };

test.each([
  ['a core each', { cores: 2, memoryBytes: 24 * GB }, 2],
  ['what the memory holds beside the worker', { cores: 16, memoryBytes: 8 * GB }, 4],
  ['one where there is room for none', { cores: 16, memoryBytes: 4 * GB }, 1],
  ['no more than 32', { cores: 128, memoryBytes: 512 * GB }, 32],
])('as many processes read as there are: %s', (_, room, processes) => {
  expect(sandboxProcesses(limits, room)).toBe(processes);
});

test.each([
  ['less memory than its machine has', GB / 2, GB / 2],
  ['no limit', 0, totalmem()],
])('of a container with %s, that counts', (_, limit, room) => {
  const constrained = jest.spyOn(process, 'constrainedMemory').mockReturnValue(limit);
  try {
    expect(roomHere().memoryBytes).toBe(room);
  } finally {
    constrained.mockRestore();
  }
});
