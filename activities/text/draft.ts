import type { Chunk } from '../ports/documents.ts';
import type { Piece } from './pieces.ts';

/** A chunk in the making. */
export interface Draft {
  /** Pieces that the chunk before has too. */
  readonly repeated: readonly Piece[];
  readonly fresh: readonly Piece[];
}

export const emptyDraft: Draft = { repeated: [], fresh: [] };

export function weightOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.weight, 0);
}

/** Weight of all that the draft holds. */
export function draftWeight(draft: Draft): number {
  return weightOf(draft.repeated) + weightOf(draft.fresh);
}

/** Tokens of each of its pieces, together. */
export function draftTokens({ repeated, fresh }: Draft): number {
  return [...repeated, ...fresh].reduce((sum, piece) => sum + piece.tokens, 0);
}

/** Whether all pieces meet at white space: only a part of an overlong word does not. */
export function meetsAtSpaces({ repeated, fresh }: Draft): boolean {
  const pieces = [...repeated, ...fresh];
  return pieces.every(
    ({ text }, at) => at === 0 || /^\s/.test(text) || /\s$/.test(pieces[at - 1]?.text ?? ''),
  );
}

/** The text as it will stand in the chunk: the indentation of its first line stays. */
export function draftText(draft: Draft): string {
  const text = [...draft.repeated, ...draft.fresh].map((piece) => piece.text).join('');
  return text
    .replace(/^\s*\n/, '')
    .replace(/^ (?=\S)/, '')
    .trimEnd();
}

/** The section that most of the new text is of. */
export function draftSection(draft: Draft): readonly string[] {
  const weights = new Map<string, { readonly section: readonly string[]; weight: number }>();
  for (const piece of draft.fresh) {
    const key = JSON.stringify(piece.section);
    const entry = weights.get(key) ?? { section: piece.section, weight: 0 };
    entry.weight += piece.weight;
    weights.set(key, entry);
  }
  let best: { readonly section: readonly string[]; readonly weight: number } = { section: [], weight: -1 };
  for (const entry of weights.values()) if (entry.weight > best.weight) best = entry;
  return best.section;
}

export function draftPages(draft: Draft): Chunk['page'] {
  const pieces = [...draft.repeated, ...draft.fresh];
  const start = pieces[0]?.page ?? null;
  const end = pieces.at(-1)?.page ?? null;
  return start === null || end === null ? null : { start, end };
}

/** The last whole pieces of a draft that weigh no more than `overlap`; never all of it. */
export function tailOf(draft: Draft, overlap: number): readonly Piece[] {
  const pieces = draft.fresh;
  let from = pieces.length;
  for (let weight = 0; from > 1; from--) {
    weight += pieces[from - 1]?.weight ?? 0;
    if (weight > overlap) break;
  }
  return pieces.slice(from);
}

/** Two drafts in a row as one; what the second repeats of the first is dropped. */
export function joined(first: Draft, second: Draft): Draft {
  return { repeated: first.repeated, fresh: [...first.fresh, ...second.fresh] };
}

export function sameSection(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((title, at) => title === b[at]);
}
