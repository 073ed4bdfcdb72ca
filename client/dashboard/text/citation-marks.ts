/** An answer, cut at its citations: `[1]`, or `[2, 3]`. */
export type AnswerPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'citation'; readonly n: number };

/** A number that is in brackets but is no citation stays text. */
export function cutAtCitations(answer: string, known: ReadonlySet<number>): AnswerPiece[] {
  const pieces: AnswerPiece[] = [];
  let at = 0;
  for (const found of answer.matchAll(/\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g)) {
    const numbers = (found[1] ?? '').split(',').map(Number);
    if (!numbers.every((n) => known.has(n))) continue;
    pieces.push({ kind: 'text', text: answer.slice(at, found.index) });
    pieces.push(...numbers.map((n): AnswerPiece => ({ kind: 'citation', n })));
    at = found.index + found[0].length;
  }
  pieces.push({ kind: 'text', text: answer.slice(at) });
  return pieces.filter((piece) => piece.kind === 'citation' || piece.text !== '');
}
