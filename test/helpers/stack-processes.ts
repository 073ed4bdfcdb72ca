/** The processes of a running stack, to be killed. Linux only, as are the tests that kill. */
import { readdir, readFile } from 'node:fs/promises';
import { readStackState } from '../../client/stack-state.ts';

/** The worker processes of the stack in this home. */
export async function workerPids(stackFile: string): Promise<number[]> {
  const supervisor = (await readStackState(stackFile))?.pid;
  if (!supervisor) return [];
  const children = await childrenOf(supervisor);
  const lines = await Promise.all(children.map(commandLineOf));
  return children.filter((_, index) => lines[index]?.includes('worker-main'));
}

export async function temporalPid(stackFile: string): Promise<number | null> {
  return (await readStackState(stackFile))?.temporalPid ?? null;
}

/** Processes below this one, the nearest first. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

/** Resident memory of a process and all below it, in bytes. */
export async function treeMemory(pid: number): Promise<number> {
  const [own, ...below] = await Promise.all([processMemory(pid), ...(await childrenOf(pid)).map(treeMemory)]);
  return below.reduce((sum, bytes) => sum + bytes, own ?? 0);
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
}

/** Resident memory of a process, in bytes; 0 when there is none. */
export async function processMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** Processor time so far, in seconds: of the process, and of all that it started, ended ones too. */
export async function cpuSeconds(pid: number): Promise<{ own: number; below: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Behind the name, which may hold anything: state is field 3; utime, stime, cutime and cstime are 14 to 17, in 1/100 s.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields
    .slice(11, 15)
    .map((ticks) => Number(ticks) / 100);
  const live = await Promise.all((await childrenOf(pid)).map(cpuSeconds));
  const below = live.reduce((sum, child) => sum + child.own + child.below, childUser + childSystem);
  return { own: user + system, below };
}

export async function commandLineOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
}

/** A process that ended by itself meanwhile is no fault. */
export function endProcess(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Not `instanceof Error`: within Jest it is one of another realm.
    if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH'))
      throw error;
  }
}
