/** Who is asking, and what that one may do. */
import type { IncomingHttpHeaders } from 'node:http';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { Scope } from './contract.ts';

/** A key as it is kept: nothing of it tells the key itself. */
export interface KnownKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null: all. */
  readonly libraries: readonly string[] | null;
}

export interface KeyFinder {
  /** @throws ScriptoriumError INVALID_CONFIG when the file of keys makes no sense: nobody is let in then */
  isEmpty(): Promise<boolean>;
  find(presented: string): Promise<KnownKey | null>;
}

export interface Principal {
  /** Of the key; `local` where none is needed. */
  readonly id: string;
  readonly name: string | null;
  readonly scopes: readonly Scope[];
  readonly libraries: readonly string[] | null;
  readonly keyNeeded: boolean;
}

/** What somebody may do, whichever way they came in. */
export type Rights = Pick<Principal, 'name' | 'scopes' | 'libraries'>;

/** Whoever reaches a server that listens on loopback only, and has no keys. */
const local: Principal = {
  ...{ id: 'local', name: null, scopes: ['ask', 'ingest', 'admin'], libraries: null, keyNeeded: false },
};

/**
 * @param open whether the server may be used without a key as long as there is none
 * @throws ScriptoriumError UNAUTHORIZED
 */
export async function principalOf(
  keys: KeyFinder,
  headers: IncomingHttpHeaders,
  open: boolean,
): Promise<Principal> {
  const presented = presentedKey(headers);
  if (open && (await keys.isEmpty())) return local;
  if (presented === null) throw new ScriptoriumError('UNAUTHORIZED', 'The request has no API key');
  const key = await keys.find(presented);
  if (!key) throw new ScriptoriumError('UNAUTHORIZED', 'The API key is not known, or was revoked');
  return { id: key.id, name: key.name, scopes: key.scopes, libraries: key.libraries, keyNeeded: true };
}

function presentedKey({ 'x-api-key': key, authorization }: IncomingHttpHeaders): string | null {
  if (typeof key === 'string' && key !== '') return key;
  const [, bearer = null] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  return bearer;
}

/** Whether these rights allow what needs that scope: `admin` allows everything. */
export function hasScope({ scopes }: Pick<Rights, 'scopes'>, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes('admin');
}

/** @throws ScriptoriumError FORBIDDEN */
export function assertScope(rights: Rights, scope: Scope): void {
  if (hasScope(rights, scope)) return;
  const { name } = rights;
  throw new ScriptoriumError('FORBIDDEN', `The key ${name} lacks the scope ${scope}`);
}

/**
 * The library that a request is about: what it names, or the only one that its key may see.
 * @throws ScriptoriumError FORBIDDEN, INVALID_ARGUMENT
 */
export function allowedLibrary({ libraries, name }: Rights, asked: string | undefined): string | undefined {
  if (libraries === null) return asked;
  if (asked !== undefined) {
    if (libraries.includes(asked)) return asked;
    throw new ScriptoriumError('FORBIDDEN', `The key ${name} may not use the library ${asked}`);
  }
  const [only, ...others] = libraries;
  if (only !== undefined && others.length === 0) return only;
  throw new ScriptoriumError(
    'INVALID_ARGUMENT',
    `library: the key ${name} may use ${libraries.join(', ')}; name one of them`,
  );
}

/** What is looked in: one library, several, or all. */
export interface LibraryScope {
  readonly library?: string | undefined;
  readonly libraries?: string[] | undefined;
}

/**
 * What a question or a listing looks in: the library that it names, or all that its key may see.
 * @throws ScriptoriumError FORBIDDEN
 */
export function allowedScope(rights: Rights, asked: string | undefined): LibraryScope {
  const { libraries } = rights;
  if (asked !== undefined || libraries === null) return { library: allowedLibrary(rights, asked) };
  const [only, ...others] = libraries;
  return only !== undefined && others.length === 0 ? { library: only } : { libraries: [...libraries] };
}

/** Whether a thing of that library may be seen at all; what may not is as if it were not there. */
export function maySee({ libraries }: Pick<Rights, 'libraries'>, library: string): boolean {
  return libraries === null || libraries.includes(library);
}

/** The same of what was asked of several libraries, or of all. */
export function maySeeAll(who: Pick<Rights, 'libraries'>, { library, libraries }: LibraryScope): boolean {
  if (who.libraries === null) return true;
  const within = library === undefined ? libraries : [library];
  return within?.every((each) => maySee(who, each)) ?? false;
}

/**
 * For what says something of every library.
 * @throws ScriptoriumError FORBIDDEN
 */
export function assertAllLibraries({ libraries, name }: Rights, what: string): void {
  if (libraries === null) return;
  throw new ScriptoriumError(
    'FORBIDDEN',
    `The key ${name} is for ${libraries.join(', ')} alone, and ${what} tell of all libraries`,
  );
}
