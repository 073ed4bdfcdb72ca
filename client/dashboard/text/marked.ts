/** Text in pieces, some of which are marked. Joined, they are the text. */
export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

/** A stretch of a text, in UTF-16 units; `end` is not in it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Cuts a text at stretches, which are in order and don't overlap. */
export function cutAt(text: string, stretches: readonly Stretch[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end } of stretches) {
    pieces.push(
      { text: text.slice(at, start), marked: false },
      { text: text.slice(start, end), marked: true },
    );
    at = end;
  }
  pieces.push({ text: text.slice(at), marked: false });
  return pieces.filter((piece) => piece.text !== '');
}
