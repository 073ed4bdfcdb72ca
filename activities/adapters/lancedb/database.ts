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

/**
 * Upper bounds of LanceDB's caches, in bytes. Its own defaults are 6 GB and 1 GB, more than a small machine has. The indexes
 * of 1.35 million passages of 384 dimensions take about 1 GB; what does not fit is read from disk for every question.
 */
const MB = 1024n * 1024n;
const SEARCHING = { index: 1_536n * MB, metadata: 128n * MB };
/**
 * A process that only writes and counts reads of an index what tells its size, once for each version of the table: all that
 * it would keep is what nobody asks for again (measured: 160 KB a commit, until the caches are full).
 */
const WRITING = { index: 32n * MB, metadata: 48n * MB };

export interface DatabaseOptions {
  /** Whether questions are asked of it, and not only books written. Default true. */
  readonly searches?: boolean | undefined;
}

/**
 * Opens the folder, and makes it where it is missing.
 * @throws ScriptoriumError STORE_UNREACHABLE when the folder cannot be made or written, DISK_FULL
 */
export async function openLanceDatabase(
  folder: string,
  { searches = true }: DatabaseOptions = {},
): Promise<LanceDatabase> {
  const absolute = resolve(folder);
  const caches = searches ? SEARCHING : WRITING;
  await requireWritable(absolute);
  const lance = await loadLanceQuietly();
  try {
    const session = new lance.Session(caches.index, caches.metadata);
    // An interval of 0 makes every read look for a newer version first: other processes write to the same folder.
    const connection = await lance.connect(absolute, { readConsistencyInterval: 0, session });
    return { folder: absolute, lance, connection };
  } catch (error) {
    throw lanceFailure(error, absolute, 'be opened');
  }
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
