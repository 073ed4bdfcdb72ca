import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { ScriptoriumError } from '../errors.ts';
import { assertInsideRoots } from './roots.ts';
import { sourceError } from './walk.ts';

/** A source as it stood at one moment. */
export interface SourceState {
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  readonly identity: string;
  /** What is read: links were resolved once, when the roots were checked. */
  readonly realPath: string;
}

/** @throws ScriptoriumError SOURCE_MISSING, SOURCE_UNREADABLE, DISK_UNREACHABLE, OUTSIDE_ROOTS, UNSUPPORTED_FORMAT */
export async function stateOfSource(path: string, roots: readonly string[]): Promise<SourceState> {
  try {
    const real = await realpath(path);
    assertInsideRoots(path, real, roots);
    const stats = await stat(real);
    // A pipe, say, would be waited for without end.
    if (!stats.isFile()) throw new ScriptoriumError('UNSUPPORTED_FORMAT', `${path} is not a file`);
    return stateOf(real, stats);
  } catch (error) {
    throw sourceError(path, error);
  }
}

function stateOf(realPath: string, { size, mtimeMs, dev, ino }: Stats): SourceState {
  return {
    realPath,
    bytes: size,
    mtimeMs: Math.trunc(mtimeMs),
    identity: `${dev}:${ino}:${size}:${mtimeMs}`,
  };
}

/** @throws ScriptoriumError SOURCE_CHANGED when the file is no longer the one that was read */
export async function assertUnchanged(
  path: string,
  before: SourceState,
  roots: readonly string[],
): Promise<void> {
  const after = await stateOfSource(path, roots);
  if (after.identity !== before.identity) {
    throw new ScriptoriumError('SOURCE_CHANGED', `${path} changed while it was being read`);
  }
}

const BYTES_PER_READ = 256 * 1024;

/** SHA-256 of a file, hex. `onBytes` hears the running total. */
export async function sha256OfFile(
  path: string,
  signal?: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    await using file = await open(path);
    // One buffer for all: a stream leaves one for each read to be collected, 100 MB of a model's file.
    const buffer = Buffer.allocUnsafeSlow(BYTES_PER_READ);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
      onBytes?.(bytes);
    }
  } catch (error) {
    throw signal?.aborted ? error : sourceError(path, error);
  }
  return hash.digest('hex');
}
