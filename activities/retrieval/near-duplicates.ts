/** Tells passages that say the same with other spaces, page heads or a changed word: licences, prefaces, new editions. Pure. */
import { meaningfulWords } from '../text/overlap.ts';

/** Shingles of three words: Broder 1997, «On the resemblance and containment of documents». */
const SHINGLE = 3;
/** Neighbours of one book share an eighth by their overlap; editions of one text share nearly all. */
const SAME_FROM = 0.8;

export type Shingles = ReadonlySet<string>;

export function shinglesOf(text: string): Shingles {
  const words = meaningfulWords(text);
  if (words.length < SHINGLE) return new Set([words.join(' ')]);
  const count = words.length - SHINGLE + 1;
  return new Set(Array.from({ length: count }, (_, at) => words.slice(at, at + SHINGLE).join(' ')));
}

/** The same in four of five shingles of either. */
export function isNearDuplicate(a: Shingles, b: Shingles): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  if (small.size < SAME_FROM * large.size) return false;
  let common = 0;
  for (const shingle of small) if (large.has(shingle)) common += 1;
  return common / (small.size + large.size - common) >= SAME_FROM;
}
