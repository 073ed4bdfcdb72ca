/**
 * Names of objects. A finished artifact is one object, named as its file would be in a folder, and with the same bytes. While
 * it is written, each checkpoint is an object of its own, which no attempt in other steps overwrites:
 *
 *     <kind>/<first two digits>/<hash>
 *     <kind>/<first two digits>/<hash>.<hash of the owner>.partial/<first ordinal>-<ordinal behind the last>
 */
import type { ListedArtifact } from '../../ports/artifact-store.ts';
import { placeOf } from '../files/artifact-files.ts';

/** An object as a bucket lists it; `name` is without the prefix of the store. */
export interface ListedObject {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Records of an unfinished artifact that are in one object. */
export interface Part {
  readonly name: string;
  readonly bytes: number;
  /** Ordinal of the first record. */
  readonly first: number;
  /** Ordinal behind the last one. */
  readonly end: number;
}

const ORDINAL_DIGITS = 10;
const artifactObject =
  /^([a-z]+)\/([0-9a-f]{2})\/([0-9a-f]{32})(?:\.([0-9a-f]{32})\.partial\/\d{10}-\d{10})?$/;
const partObject = /\/(\d{10})-(\d{10})$/;

/** What the names of all parts begin with that one owner writes. */
export function partsFolder(key: string, ownerHash: string): string {
  return `${placeOf(key)}.${ownerHash}.partial/`;
}

export function partName(folder: string, first: number, end: number): string {
  const [from, to] = [first, end].map((ordinal) => String(ordinal).padStart(ORDINAL_DIGITS, '0'));
  return `${folder}${from}-${to}`;
}

/**
 * The parts that follow one another from record 0. An attempt that was given up for dead may have written beside its heir, in
 * other steps: of parts that begin alike the longest counts, and what begins within another one does not.
 */
export function chainOf(objects: readonly Pick<ListedObject, 'name' | 'bytes'>[]): Part[] {
  const parts = objects.flatMap(({ name, bytes }) => {
    const [, first, end] = partObject.exec(name) ?? [];
    return first === undefined ? [] : [{ name, bytes, first: Number(first), end: Number(end) }];
  });
  parts.sort((a, b) => a.first - b.first || b.end - a.end);
  const chain: Part[] = [];
  let next = 0;
  for (const part of parts) {
    if (part.first !== next || part.end <= next) continue;
    chain.push(part);
    next = part.end;
  }
  return chain;
}

/** The artifacts among objects that come in the order of their names: the parts of an unfinished one are one. */
export async function* artifactsAmong(objects: AsyncIterable<ListedObject>): AsyncGenerator<ListedArtifact> {
  let last: ListedArtifact | null = null;
  for await (const object of objects) {
    const next = artifactOf(object);
    if (!next) continue;
    if (last && !isSame(last, next)) yield last;
    last = last && isSame(last, next) ? joined(last, next) : next;
  }
  if (last) yield last;
}

/** Null for an object of another name, which is nobody's business. */
function artifactOf({ name, bytes, modifiedMs }: ListedObject): ListedArtifact | null {
  const [, kind = '', prefix = '', hash = '', partialOf = null] = artifactObject.exec(name) ?? [];
  if (hash === '' || !hash.startsWith(prefix)) return null;
  return { key: `${kind}/${hash}`, partialOf, bytes, modifiedMs };
}

function isSame(a: ListedArtifact, b: ListedArtifact): boolean {
  return a.key === b.key && a.partialOf === b.partialOf;
}

function joined(a: ListedArtifact, b: ListedArtifact): ListedArtifact {
  return { ...a, bytes: a.bytes + b.bytes, modifiedMs: Math.max(a.modifiedMs, b.modifiedMs) };
}
