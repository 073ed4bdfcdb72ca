/**
 * The model as ONNX Runtime lays it out for this machine: optimised once, its weights in the order in which the kernels
 * read them, in a file that all sessions of all processes map. A session of the published file has 190 MB of its own and
 * takes 1.5 s to open; one of these has 20 to 50 MB and takes 0.2 s. The vectors are the same,
 * up to rounding where `graphs/published-minilm.ts` has a better graph for the file.
 */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { siblingModule } from '../../sibling-module.ts';
import { sha256OfFile } from '../../sources/source-file.ts';
import { runtimePackage } from './device-facts.ts';
import { PUBLISHED_SHA256 } from './graphs/published-minilm.ts';
import type { LocalModel } from './model-folder.ts';

export const LAID_OUT_NAME = 'model.onnx';
const ABANDONED_MS = 3_600_000;
const UNUSED_MS = 30 * 24 * 3_600_000;

/**
 * Path of the model laid out, which is made first where it is not there; null where that can't be done: then the published
 * file does as well.
 * @param folder where such models are kept; each takes 130 MB
 */
export async function laidOutModel(
  { modelPath, pooling }: Pick<LocalModel, 'modelPath' | 'pooling'>,
  folder: string,
): Promise<string | null> {
  const sha256 = await sha256OfFile(modelPath).catch(() => null);
  if (sha256 === null) return null;
  // Our graph pools, and by the mean.
  const graph = sha256 === PUBLISHED_SHA256 && pooling === 'mean' ? 'own' : 'published';
  const name = [sha256.slice(0, 12), await machineHash(), ...(graph === 'own' ? [graph] : [])].join('-');
  const own = join(folder, name);
  const path = join(own, LAID_OUT_NAME);
  if (existsSync(path)) {
    await sayInUse(path);
    return path;
  }
  try {
    await mkdir(folder, { recursive: true });
    await dropAbandoned(folder);
    const fresh = await mkdtemp(`${own}.part-`);
    try {
      await layOut(modelPath, fresh, graph);
      await syncFolder(fresh);
      await rename(fresh, own);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    return path;
  } catch {
    // Another process was faster, or the disk is full.
    return existsSync(path) ? path : null;
  }
}

/** Keeps it from being taken for one that nobody uses. @param path of the model laid out */
export async function sayInUse(path: string): Promise<void> {
  const now = new Date();
  await utimes(dirname(path), now, now).catch(() => {});
}

/**
 * Laying out takes seconds: what is older was left by a process that was killed. Other layouts may be another machine's; those
 * that none has opened for a month are of an older runtime.
 */
async function dropAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > (name.includes('.part-') ? ABANDONED_MS : UNUSED_MS))
      // Another user's is theirs.
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/** In a process of its own, whose memory is given back. */
async function layOut(modelPath: string, folder: string, graph: 'own' | 'published'): Promise<void> {
  const child = fork(siblingModule(import.meta.url, 'lay-out-model'), [modelPath, folder, graph], {
    stdio: 'ignore',
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`laying out the model ended with ${String(code)}`);
}

/** A file that a power cut emptied would be loaded, and give other vectors under the same name. */
async function syncFolder(folder: string): Promise<void> {
  for (const path of [...(await readdir(folder)).map((name) => join(folder, name)), folder]) {
    const file = await open(path);
    await file.sync().finally(() => file.close());
  }
}

/** The layout is for a version of the runtime and for what the processor can do. */
async function machineHash(): Promise<string> {
  const { version } = runtimePackage();
  const cpu = cpus()[0]?.model ?? '';
  const abilities = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:.*$/m.exec(abilities)?.[0] ?? '';
  const named = [version, process.platform, process.arch, cpu, flags].join('\n');
  return createHash('sha256').update(named).digest('hex').slice(0, 12);
}
