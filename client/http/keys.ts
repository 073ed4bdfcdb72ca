/** API keys: who may ask, ingest or manage over HTTP and MCP. The file holds their SHA-256, never a key. */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { Scope } from './contract.ts';
import { KeyFile, type KeyRecord } from './key-file.ts';

export interface ApiKey {
  /** 8 letters and digits, part of the key itself. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Libraries that it may use; null: all. */
  readonly libraries: readonly string[] | null;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
}

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly libraries?: readonly string[] | null;
}

/** What is told once: nothing that is kept gives the key again. */
export interface IssuedKey extends ApiKey {
  readonly key: string;
}

const ID_LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const ID_LENGTH = 8;
const SECRET_BYTES = 32;

export class KeyStore {
  readonly #file: KeyFile;

  /** @param path of the JSON file; it need not exist */
  constructor(path: string) {
    this.#file = new KeyFile(path);
  }

  /** @throws ScriptoriumError INVALID_ARGUMENT when the name is taken, INVALID_CONFIG, DISK_FULL */
  async add({ name, scopes, libraries = null }: NewKey): Promise<IssuedKey> {
    return await this.#file.change((keys) => {
      if (keys.some((key) => key.name === name))
        throw new ScriptoriumError('INVALID_ARGUMENT', `There is a key of the name ${name} already`);
      const id = freshId(keys);
      const key = `scr_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
      const added = { id, name, scopes: [...new Set(scopes)], libraries, createdAtMs: Date.now() };
      const sha256 = digestOf(key).toString('hex');
      return { keys: [...keys, { ...added, sha256 }], result: { ...added, key } };
    });
  }

  /** In the order in which they were made; @throws ScriptoriumError INVALID_CONFIG */
  async list(): Promise<readonly ApiKey[]> {
    return (await this.#file.read()).map(withoutHash);
  }

  /**
   * The key of that id, or else of that name. A store of this or another process finds it no more, within a second.
   * @returns null when there is none
   * @throws ScriptoriumError INVALID_CONFIG, DISK_FULL
   */
  async revoke(idOrName: string): Promise<ApiKey | null> {
    return await this.#file.change((keys) => {
      const gone = keys.find(({ id }) => id === idOrName) ?? keys.find(({ name }) => name === idOrName);
      return { keys: keys.filter((key) => key !== gone), result: gone ? withoutHash(gone) : null };
    });
  }

  /**
   * Whose key it is; null for what is none. It looks at every key, whatever was presented, so that the time tells nothing.
   * @throws ScriptoriumError INVALID_CONFIG
   */
  async find(presented: string): Promise<ApiKey | null> {
    const digest = digestOf(presented);
    let found: KeyRecord | null = null;
    for (const key of await this.#file.current())
      if (timingSafeEqual(digest, Buffer.from(key.sha256, 'hex'))) found = key;
    return found && withoutHash(found);
  }

  /**
   * True when no key was ever added. Where all were revoked it is false: a server that needs no key while there is none
   * must not open itself to everybody by that.
   * @throws ScriptoriumError INVALID_CONFIG
   */
  async isEmpty(): Promise<boolean> {
    await this.#file.current();
    return !this.#file.exists;
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function freshId(keys: readonly KeyRecord[]): string {
  const letters = Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]);
  const id = letters.join('');
  return keys.some((key) => key.id === id) ? freshId(keys) : id;
}

function withoutHash({ sha256: _, ...key }: KeyRecord): ApiKey {
  return key;
}
