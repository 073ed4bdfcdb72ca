/**
 * Finds a needed file, or fetches it: environment variable, PATH (Temporal), cache, then each source of the manifest.
 * What is fetched is checked by its SHA-256, and takes its place in the cache by a rename.
 */
import { access, chmod, constants, open, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import { sha256OfFile } from '../../activities/sources/source-file.ts';
import { writeProblem } from '../../client/write-problem.ts';
import { type FetchProgress, fetchSource, sourceName } from './asset-sources.ts';
import type { Asset } from './manifest.ts';

export interface FindOptions {
  readonly cacheFolder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Hears what is fetched and how far it is. */
  onProgress?(asset: Asset, ...progress: Parameters<FetchProgress>): void;
}

/**
 * Path of the asset's file.
 * @throws ScriptoriumError ASSET_UNAVAILABLE, which names every source that was tried and the variable that overrides
 */
export async function findAsset(asset: Asset, options: FindOptions): Promise<string> {
  return (
    (await named(asset, options)) ?? (await onPath(asset, options)) ?? (await cachedOrFetched(asset, options))
  );
}

/**
 * Where the asset is already; null when it would have to be fetched. Nothing is written.
 * @throws ScriptoriumError ASSET_UNAVAILABLE when its variable names a file that can't be read
 */
export async function presentAsset(asset: Asset, options: FindOptions): Promise<string | null> {
  const path = join(options.cacheFolder, `${asset.name}-${asset.version}`, asset.fileName);
  const found = (await named(asset, options)) ?? (await onPath(asset, options));
  return found ?? ((await isRight(asset, path)) ? path : null);
}

async function named({ variable, title }: Asset, { env }: FindOptions): Promise<string | null> {
  const path = env[variable];
  if (!path) return null;
  if (await readable(path)) return path;
  throw new ScriptoriumError(
    'ASSET_UNAVAILABLE',
    `${variable} names ${path} for the ${title}, and that file can't be read`,
  );
}

/** Only programs are looked for on PATH: a model file there would be no one's intention. */
async function onPath({ executable, fileName }: Asset, { env }: FindOptions): Promise<string | null> {
  if (!executable) return null;
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, fileName);
    if (await readable(path, constants.X_OK)) return path;
  }
  return null;
}

function cachedOrFetched(asset: Asset, options: FindOptions): Promise<string> {
  return cachedOr(asset, options, (path, folder) => fetchInto(path, folder, asset, options));
}

/**
 * Path of an asset that is made here: from the cache, or written by `write` where it is not there. The same bytes come out
 * on every machine, or it is not kept.
 * @throws ScriptoriumError ASSET_UNAVAILABLE when something else than the asset was written
 */
export function madeAsset(
  asset: Asset,
  options: FindOptions,
  write: (path: string) => Promise<void>,
): Promise<string> {
  return cachedOr(asset, options, async (path) => {
    const partial = `${path}.partial`;
    try {
      await write(partial);
      await assertRight(asset, partial);
      await putInPlace(partial, path, asset.executable);
    } catch (error) {
      await rm(partial, { force: true });
      const known = toScriptoriumError(error);
      if (known.code !== 'INTERNAL') throw known;
      throw new ScriptoriumError(
        'ASSET_UNAVAILABLE',
        `The ${asset.title} could not be made: ${known.message}`,
      );
    }
  });
}

async function cachedOr(
  asset: Asset,
  options: FindOptions,
  fill: (path: string, folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(options.cacheFolder, `${asset.name}-${asset.version}`);
  const path = join(folder, asset.fileName);
  if (await isRight(asset, path)) return path;
  await requireWritable(folder, asset);
  // A second process waits here, and then finds what the first one fetched.
  const unlock = await lock(folder, {
    stale: 15_000,
    retries: { retries: 4_000, factor: 1, minTimeout: 500, maxTimeout: 500 },
  });
  try {
    if (!(await isRight(asset, path))) await fill(path, folder);
  } finally {
    await unlock();
  }
  return path;
}

/** @throws ScriptoriumError ASSET_UNAVAILABLE */
async function requireWritable(folder: string, { title, variable }: Asset): Promise<void> {
  const cause = await writeProblem(folder);
  if (!cause) return;
  throw new ScriptoriumError(
    'ASSET_UNAVAILABLE',
    `The ${title} is not in ${folder}, and can't be put there (${cause.message}). Make that folder writable, ` +
      `name another one with SCRIPTORIUM_CACHE, or set ${variable} to the path of the file`,
    { cause },
  );
}

async function fetchInto(path: string, folder: string, asset: Asset, options: FindOptions): Promise<void> {
  const partial = `${path}.partial`;
  const tried: string[] = [];
  for (const source of asset.sources) {
    try {
      await fetchSource(source, partial, folder, (bytes, total) => options.onProgress?.(asset, bytes, total));
      await assertRight(asset, partial);
      await putInPlace(partial, path, asset.executable);
      return;
    } catch (error) {
      tried.push(`${sourceName(source)}: ${reasonOf(error)}`);
      await rm(partial, { force: true });
    }
  }
  throw new ScriptoriumError(
    'ASSET_UNAVAILABLE',
    `The ${asset.title} ${asset.version} could not be fetched. Tried: ${tried.join('; ')}. ` +
      `Put the file anywhere and set ${asset.variable} to its path, or set SCRIPTORIUM_CACHE to a folder that holds it`,
  );
}

async function putInPlace(partial: string, path: string, executable: boolean): Promise<void> {
  if (executable) await chmod(partial, 0o755);
  const file = await open(partial, 'r');
  await file.sync();
  await file.close();
  await rename(partial, path);
}

async function isRight(asset: Asset, path: string): Promise<boolean> {
  return (await readable(path)) && (await sha256OfFile(path)) === asset.sha256;
}

async function assertRight(asset: Asset, path: string): Promise<void> {
  const sha256 = await sha256OfFile(path);
  if (sha256 !== asset.sha256) throw new Error(`its SHA-256 is ${sha256}, not ${asset.sha256}`);
}

/** A folder of that name is not what anyone means. */
async function readable(path: string, mode = constants.R_OK): Promise<boolean> {
  try {
    await access(path, mode);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** `fetch` hides why it failed in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
