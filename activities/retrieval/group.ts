/** A ranking of chunks → the passages to give: neighbours in one, near-duplicates once, few of each book. Pure. */
import type { StoredPassage } from '../ports/vector-store.ts';
import { isNearDuplicate, type Shingles, shinglesOf } from './near-duplicates.ts';

export interface Ranked {
  readonly passage: StoredPassage;
  readonly score: number;
}

/** Chunks of one book without a gap, in its order. */
export interface PassageGroup {
  /** The chunk that ranked best, whose score is the group's. */
  readonly best: Ranked;
  readonly chunks: readonly StoredPassage[];
}

export interface GroupLimits {
  readonly groups: number;
  /** Groups of one book. */
  readonly perBook: number;
  /** Chunks of one group. */
  readonly chunks: number;
}

interface OpenGroup {
  readonly best: Ranked;
  readonly chunks: StoredPassage[];
  readonly shingles: Shingles;
}

/** Best first, each by its best chunk. A chunk that joins a group takes no place of another. */
export function groupPassages(ranked: readonly Ranked[], limits: GroupLimits): PassageGroup[] {
  const groups: OpenGroup[] = [];
  for (const each of ranked) {
    const beside = groups.find((group) => isBeside(group, each.passage, limits.chunks));
    if (beside) insert(beside.chunks, each.passage);
    else if (hasRoom(groups, each.passage, limits)) addUnlessKnown(groups, each);
  }
  return groups.map(({ best, chunks }) => ({ best, chunks }));
}

function isBeside({ chunks }: OpenGroup, passage: StoredPassage, most: number): boolean {
  const [first, last] = [chunks[0], chunks.at(-1)];
  if (!first || !last || chunks.length >= most) return false;
  if (first.bookId !== passage.bookId || first.revision !== passage.revision) return false;
  return passage.ordinal === first.ordinal - 1 || passage.ordinal === last.ordinal + 1;
}

function insert(chunks: StoredPassage[], passage: StoredPassage): void {
  if (passage.ordinal < (chunks[0]?.ordinal ?? 0)) chunks.unshift(passage);
  else chunks.push(passage);
}

function hasRoom(groups: readonly OpenGroup[], { bookId }: StoredPassage, limits: GroupLimits): boolean {
  if (groups.length >= limits.groups) return false;
  return groups.filter(({ best }) => best.passage.bookId === bookId).length < limits.perBook;
}

function addUnlessKnown(groups: OpenGroup[], best: Ranked): void {
  const shingles = shinglesOf(best.passage.text);
  if (groups.some((group) => isNearDuplicate(group.shingles, shingles))) return;
  groups.push({ best, chunks: [best.passage], shingles });
}
