/** The file of API keys: read again when it changed, written whole and by one process at a time. */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { types } from 'node:util';
import { lock } from 'proper-lockfile';
import { z } from 'zod';
import { ScriptoriumError } from '../../activities/errors.ts';
import { libraryName } from '../../workflows/contract.ts';
import { parse } from '../checked-input.ts';
import { writeProblem } from '../write-problem.ts';
import { scopes } from './contract.ts';

const keyRecord = z.strictObject({
  id: z.string().regex(/^[a-z0-9]{8}$/),
  name: z
    .string()
    .regex(/^[^\p{Cc}\p{Cf}]{1,100}$/u, 'a name has 1 to 100 characters, none of them a control character'),
  scopes: z.array(z.enum(scopes)).min(1, 'name at least one scope').readonly(),
  libraries: z
    .array(libraryName)
    .min(1, 'name at least one library, or leave them out for all')
    .readonly()
    .nullable(),
  createdAtMs: z.number(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type KeyRecord = z.infer<typeof keyRecord>;

const keyFile = z.strictObject({ version: z.literal(1), keys: z.array(keyRecord) });

/** The file is looked at as often at most: a key that was revoked is refused a second later at the latest. */
const LOOK_EVERY_MS = 250;
/** Others write for milliseconds; one that died leaves a lock that is taken over after this long. */
const STALE_LOCK_MS = 10_000;
const LOCK_RETRIES = { retries: 400, factor: 1, minTimeout: 50, maxTimeout: 100 };

interface Changed<T> {
  readonly keys: readonly KeyRecord[];
  readonly result: T;
}

export class KeyFile {
  readonly #path: string;
  #keys: readonly KeyRecord[] = [];
  /** What the file was when `#keys` were read; null: there was none, undefined: it was never read. */
  #version: string | null | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string) {
    this.#path = path;
  }

  /** As of the last look. */
  get exists(): boolean {
    return typeof this.#version === 'string';
  }

  /**
   * The keys as they were a quarter of a second ago at most.
   * @throws ScriptoriumError INVALID_CONFIG when the file makes no sense, can't be read, or is gone since it was seen
   */
  async current(): Promise<readonly KeyRecord[]> {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return this.#keys;
    const version = await this.#look();
    if (version !== this.#version) await this.#readAs(version);
    this.#lookedAt = now;
    return this.#keys;
  }

  /** The keys as they are now; throws as `current`. */
  async read(): Promise<readonly KeyRecord[]> {
    await this.#readAs(await this.#look());
    return this.#keys;
  }

  /**
   * Changes the keys while no other process does.
   * @throws ScriptoriumError INVALID_CONFIG, INVALID_ARGUMENT when what it is changed to makes no sense
   */
  async change<T>(work: (keys: readonly KeyRecord[]) => Changed<T>): Promise<T> {
    const problem = await writeProblem(dirname(this.#path));
    if (problem) throw this.#broken("can't be written", problem);
    const unlock = await lock(this.#path, { realpath: false, stale: STALE_LOCK_MS, retries: LOCK_RETRIES });
    try {
      const before = await this.read();
      const { keys, result } = work(before);
      if (keys.length !== before.length) await this.#write(keys);
      return result;
    } finally {
      await unlock();
    }
  }

  async #look(): Promise<string | null> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      return `${mtimeMs} ${size} ${ino}`;
    } catch (error) {
      // A file that was there and is gone is no file without keys: nobody may come in by removing it.
      if (isMissing(error) && !this.exists) return null;
      throw this.#broken(isMissing(error) ? 'is gone' : 'can not be read', error);
    }
  }

  async #readAs(version: string | null): Promise<void> {
    this.#keys = version === null ? [] : await this.#parsed();
    this.#version = version;
  }

  async #parsed(): Promise<readonly KeyRecord[]> {
    try {
      return keyFile.parse(JSON.parse(await readFile(this.#path, 'utf8'))).keys;
    } catch (error) {
      throw this.#broken('is no file of keys', error);
    }
  }

  async #write(keys: readonly KeyRecord[]): Promise<void> {
    const checked = parse(keyFile, { version: 1, keys });
    const beside = `${this.#path}.${randomUUID()}`;
    try {
      await writeSynced(beside, `${JSON.stringify(checked, null, 2)}\n`);
      await rename(beside, this.#path);
      this.#lookedAt = Number.NEGATIVE_INFINITY;
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }

  #broken(what: string, cause: unknown): ScriptoriumError {
    return new ScriptoriumError('INVALID_CONFIG', `SCRIPTORIUM_KEYS_FILE: ${this.#path} ${what}`, { cause });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(text);
  await file.sync();
}

function isMissing(error: unknown): boolean {
  // Not `instanceof`: an error of the platform may come from another realm.
  return types.isNativeError(error) && 'code' in error && error.code === 'ENOENT';
}
