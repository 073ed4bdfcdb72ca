/** This machine: Node.js, and the folder of all state. */
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toScriptoriumError } from '../../../activities/errors.ts';
import { type Check, ok, wrong } from './check.ts';

/** The oldest that runs the workers; the package brings one along where the machine's own is older. */
const OLDEST_NODE = 24;

export function nodeCheck(version: string): Check {
  const [major = ''] = version.split('.');
  if (Number(major) >= OLDEST_NODE) return ok('node', `Node.js ${version}`);
  const remedy = 'Install the package again with npm, which brings a newer one along.';
  return wrong('node', `Node.js ${version} is older than ${OLDEST_NODE}`, remedy);
}

const GB = 1e9;
/** A library of a few hundred books, and room for the store to compact. */
const LEAST_FREE_BYTES = GB;

export async function homeCheck(folder: string): Promise<Check> {
  const probe = join(folder, `.doctor-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, 'x');
    await rm(probe);
    const { bavail, bsize } = await statfs(folder);
    return spaceCheck(folder, bavail * bsize);
  } catch (error) {
    const remedy = 'Grant this user the right to write there, or set SCRIPTORIUM_HOME to another folder.';
    return wrong('home', `${folder} can't be written: ${toScriptoriumError(error).message}`, remedy);
  }
}

export function spaceCheck(folder: string, freeBytes: number): Check {
  const detail = `${folder}, ${(freeBytes / GB).toFixed(1)} GB free`;
  if (freeBytes >= LEAST_FREE_BYTES) return ok('home', detail);
  return wrong('home', detail, 'Free some space: below 1 GB books may soon fail with DISK_FULL.');
}
