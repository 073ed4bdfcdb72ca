import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Connection } from '@lancedb/lancedb';
import { ScriptoriumError, toScriptoriumError } from '../../errors.ts';
import { lanceFailure } from './failures.ts';

export type LanceLibrary = typeof import('@lancedb/lancedb');

/** One folder with LanceDB tables, opened by this process. */
export interface LanceDatabase {
  readonly folder: string;
  readonly lance: LanceLibrary;
  readonly connection: Connection;
}

/** Upper bounds of LanceDB's caches, in bytes. Its own defaults are 6 GB and 1 GB, more than a small machine has. */
export interface LanceCaches {
  readonly index: number;
  readonly metadata: number;
}

export const MB = 1024 * 1024;
/**
 * Who only writes and counts reads of an index what tells its size, once for each version of the table: all that
 * it would keep is what nobody asks for again (measured: 160 KB a commit, until the caches are full). What tells where things
 * lie in the files is of one version, too: with four times the room nothing was faster, and the memory grew for longer.
 */
export const WRITING_CACHES: LanceCaches = { index: 4 * MB, metadata: 4 * MB };
/** Of tables that stay small and have no index. */
export const SMALL_CACHES: LanceCaches = { index: 4 * MB, metadata: 2 * MB };

/**
 * Opens the folder, and makes it where it is missing.
 * @throws ScriptoriumError STORE_UNREACHABLE when the folder cannot be made or written, DISK_FULL
 */
export async function openLanceDatabase(folder: string, caches = WRITING_CACHES): Promise<LanceDatabase> {
  const absolute = resolve(folder);
  await requireWritable(absolute);
  const lance = await loadLanceQuietly();
  try {
    return { folder: absolute, lance, connection: await connectLance(lance, absolute, caches) };
  } catch (error) {
    throw lanceFailure(error, absolute, 'be opened');
  }
}

/** A connection with caches of its own. */
export async function connectLance(
  lance: LanceLibrary,
  folder: string,
  { index, metadata }: LanceCaches,
): Promise<Connection> {
  const session = new lance.Session(BigInt(index), BigInt(metadata));
  // An interval of 0 makes every read look for a newer version first: other processes write to the same folder.
  return await lance.connect(folder, { readConsistencyInterval: 0, session });
}

/** The library reads its log level when it is loaded, so the level is set first; it warns of every lost race otherwise. */
async function loadLanceQuietly(): Promise<LanceLibrary> {
  process.env.LANCE_LOG ??= 'error';
  process.env.LANCEDB_LOG ??= process.env.LANCE_LOG;
  return await import('@lancedb/lancedb');
}

/** LanceDB opens a folder that it cannot write, and fails at the first commit with a message that names another file. */
async function requireWritable(folder: string): Promise<void> {
  const probe = join(folder, `.probe-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, 'probe', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    const known = toScriptoriumError(error);
    const code = known.code === 'DISK_FULL' ? 'DISK_FULL' : 'STORE_UNREACHABLE';
    throw new ScriptoriumError(
      code,
      `The folder ${folder} of the vector store cannot be written: ${known.message}`,
      {
        cause: error,
      },
    );
  }
}
