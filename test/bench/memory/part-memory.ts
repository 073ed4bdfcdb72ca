/** Memory of the parts of a running stack, over time. Linux only. */
import { readFile } from 'node:fs/promises';
import { readStackState } from '../../../client/stack-state.ts';
import { descendantsOf, temporalPid, workerPids } from '../../helpers/stack-processes.ts';

/** `children`: the sandbox's processes and those of upkeep, which come and go. */
export const parts = ['ingesting worker', 'answering worker', 'children', 'supervisor', 'temporal'] as const;
export type PartName = (typeof parts)[number];

/** In MB, each page of memory shared by n processes counted as its nth part (PSS). */
export type PartMemory = Readonly<Record<PartName, number>>;

export interface Sample {
  readonly atSeconds: number;
  readonly memory: PartMemory;
}

export class StackMemory {
  readonly samples: Sample[] = [];
  /** Processes that were there at some time: more than there are parts when one was started again. */
  readonly #seen = new Set<number>();
  readonly #stackFile: string;
  readonly #startedAtMs = Date.now();

  constructor(stackFile: string) {
    this.#stackFile = stackFile;
  }

  /** How often one of the lasting processes was another one than before. */
  get restarts(): number {
    return this.#seen.size - (parts.length - 1);
  }

  async sample(): Promise<void> {
    const pids = await this.#pids();
    const sizes = await Promise.all(parts.map((part) => sum(pids[part])));
    const memory = { ...noMemory, ...Object.fromEntries(parts.map((part, at) => [part, sizes[at] ?? 0])) };
    this.samples.push({ atSeconds: (Date.now() - this.#startedAtMs) / 1_000, memory });
  }

  async #pids(): Promise<Readonly<Record<PartName, readonly number[]>>> {
    const workers = await workerPids(this.#stackFile);
    const answering = await Promise.all(workers.map(servesHttp));
    const supervisor = [(await readStackState(this.#stackFile))?.pid ?? 0];
    const temporal = [(await temporalPid(this.#stackFile)) ?? 0];
    for (const pid of [...workers, ...supervisor, ...temporal]) this.#seen.add(pid);
    return {
      'ingesting worker': workers.filter((_, at) => !answering[at]),
      'answering worker': workers.filter((_, at) => answering[at]),
      children: (await Promise.all(workers.map(descendantsOf))).flat(),
      ...{ supervisor, temporal },
    };
  }
}

const noMemory: PartMemory = {
  ...{ 'ingesting worker': 0, 'answering worker': 0, children: 0, supervisor: 0, temporal: 0 },
};

async function servesHttp(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('--http');
}

async function sum(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(proportionalMb));
  return sizes.reduce((total, size) => total + size, 0);
}

async function proportionalMb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024;
}
