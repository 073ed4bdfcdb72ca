/** What happens to the machine while a run goes on. Each injector tells in a line what it did. */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { readStackState } from '../../client/stack-state.ts';
import type { TestHome } from '../helpers/scriptorium.ts';
import { descendantsOf, endProcess, temporalPid, workerPids } from '../helpers/stack-processes.ts';
import type { Disk } from './disk.ts';
import { type Fault, FREEZE_MS, type Target } from './plan.ts';
import type { StoreServer } from './store-server.ts';

export interface Scene {
  readonly home: TestHome;
  readonly store: StoreServer | null;
  readonly disk: Disk | null;
  /** File that a failpoint removes when it fires. */
  readonly armed: string;
  /** Aborted when the run is over: a fault that did not happen until then does not happen. */
  readonly over: AbortSignal;
}

const LOOK_EVERY_MS = 100;

/** For the environment of the stack: its processes load the preload, and the worker counts while the file is there. */
export function failpointEnv(faults: readonly Fault[], armed: string): NodeJS.ProcessEnv {
  const fault = faults.find((each) => each.kind === 'failpoint');
  if (!fault) return {};
  const { point, when, nth, does } = fault;
  return {
    CHAOS_FAILPOINT: JSON.stringify({ point, when, nth, does, armed }),
    NODE_OPTIONS: `--import=${new URL('preload.ts', import.meta.url).href}`,
  };
}

/** Resolves when the fault is over; to what happened. */
export async function inject(fault: Fault, scene: Scene): Promise<string> {
  const { over, store } = scene;
  if (fault.kind === 'failpoint') return await untilFired(fault, scene);
  if (fault.kind === 'store-answers-late') {
    await store?.loseAnswer(fault.nth, over);
    return `the answer to write ${fault.nth} was lost`;
  }
  await setTimeout(fault.afterMs, undefined, { signal: over }).catch(() => {});
  if (over.aborted) return `${fault.kind}: the run was over before`;
  switch (fault.kind) {
    case 'kill':
      return await kill(fault.target, scene);
    case 'freeze':
      return await freeze(fault, scene);
    case 'full-disk':
      return await fillDisk(fault.forMs, scene);
    case 'store-refuses':
      store?.misbehave({
        ...{ kind: 'answer', status: fault.status, body: '{"status":{"error":"chaos"}}' },
        headers: { 'content-type': 'application/json', 'retry-after': '2' },
      });
      return await behaveAfter(fault.forMs, scene, `the store answered ${fault.status}`);
    case 'store-hangs':
      store?.misbehave({ kind: 'silent' });
      return await behaveAfter(fault.forMs, scene, 'the store did not answer');
  }
}

async function untilFired(fault: Extract<Fault, { kind: 'failpoint' }>, scene: Scene): Promise<string> {
  const { armed, over } = scene;
  const told = `${fault.when} ${fault.point} ${fault.nth}`;
  const fired = (): boolean => !existsSync(armed);
  while (!fired() && !over.aborted) await setTimeout(LOOK_EVERY_MS);
  if (!fired()) return `${told} was not reached`;
  if (fault.does === 'dies') return `the worker was killed ${told}`;
  // Until it is over for the others as well: it wakes up with an old step in its hands.
  const pids = await workerPids(scene.home.paths.stackFile);
  await setTimeout(FREEZE_MS);
  for (const pid of pids) endProcess(pid, 'SIGCONT');
  return `the worker was frozen ${told}`;
}

async function kill(target: Target, scene: Scene): Promise<string> {
  const { home, store } = scene;
  if (target === 'store') {
    await store?.killAndRestart();
    return 'the store was killed';
  }
  const pids = await pidsOf(target, scene);
  for (const pid of pids) endProcess(pid);
  if (target === 'all') {
    await store?.killAndRestart();
    const { code, stderr } = await home.run('up', '--detach');
    if (code !== 0) throw new Error(`up after a kill of all ended with ${code}: ${stderr}`);
  }
  return `killed ${target}: ${pids.join(', ')}`;
}

/** The nearest to the root first: a child that dies before its parent would be the parent's concern. */
async function pidsOf(target: 'workers' | 'temporal' | 'all', scene: Scene): Promise<number[]> {
  const { stackFile } = scene.home.paths;
  while (!scene.over.aborted) {
    const workers = target === 'temporal' ? [] : await workerPids(stackFile);
    const temporal = target === 'workers' ? null : await temporalPid(stackFile);
    const supervisor = target === 'all' ? ((await readStackState(stackFile))?.pid ?? null) : null;
    const below = (await Promise.all(workers.map(descendantsOf))).flat();
    const pids = [supervisor, ...workers, ...below, temporal].filter((pid) => pid !== null);
    if (pids.length > 0) return pids;
    // It is just being started again.
    await setTimeout(LOOK_EVERY_MS);
  }
  return [];
}

async function freeze({ target, forMs }: Extract<Fault, { kind: 'freeze' }>, scene: Scene): Promise<string> {
  const pids = target === 'store' ? [scene.store?.pid ?? 0] : await pidsOf(target, scene);
  const frozen = pids.filter((pid) => pid > 0);
  for (const pid of frozen) endProcess(pid, 'SIGSTOP');
  try {
    await setTimeout(forMs);
  } finally {
    for (const pid of frozen) endProcess(pid, 'SIGCONT');
  }
  return `froze ${target} for ${forMs / 1000} s`;
}

async function fillDisk(forMs: number, { disk, over }: Scene): Promise<string> {
  if (!disk) return 'nothing happened: mounting a disk is not allowed here';
  const bytes = await disk.fill();
  await setTimeout(forMs, undefined, { signal: over }).catch(() => {});
  await disk.free();
  return `the disk was full for ${forMs / 1000} s (${bytes} bytes were left)`;
}

async function behaveAfter(forMs: number, { store, over }: Scene, told: string): Promise<string> {
  await setTimeout(forMs, undefined, { signal: over }).catch(() => {});
  store?.behave();
  return `${told} for ${forMs / 1000} s`;
}
