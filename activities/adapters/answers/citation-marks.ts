/** Citation marks in a written answer: [1], [2, 3]. */

const MARK = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g;

export interface CheckedMarks {
  /** The answer without marks that cite nothing. */
  readonly text: string;
  /** Cited numbers in order of first mention. */
  readonly cited: readonly number[];
  /** Numbers that no passage has. */
  readonly dropped: readonly number[];
}

/** Keeps the marks that cite a passage from 1 to `passages`, and takes the others out. */
export function checkMarks(answer: string, passages: number): CheckedMarks {
  const cited = new Set<number>();
  const dropped = new Set<number>();
  const text = answer.replace(MARK, (_, list: string) => {
    const numbers = list.split(',').map(Number);
    const known = numbers.filter((n) => n >= 1 && n <= passages);
    for (const n of numbers) (known.includes(n) ? cited : dropped).add(n);
    return known.length > 0 ? `[${known.join(', ')}]` : '';
  });
  return { text: text.replace(/ +([.,;:!?])/g, '$1').trim(), cited: [...cited], dropped: [...dropped] };
}

/** The sentences of an answer that carry the mark of a passage, without marks. */
export function claimsOf(answer: string, n: number): string {
  const sentences = answer.split(/(?<=[.!?\]])\s+(?=\p{Lu})/u);
  const citing = sentences.filter((sentence) =>
    [...sentence.matchAll(MARK)].some(([, list]) => list?.split(',').map(Number).includes(n)),
  );
  return (citing.length > 0 ? citing.join(' ') : answer).replace(MARK, '');
}
