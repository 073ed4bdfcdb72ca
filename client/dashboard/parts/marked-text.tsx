import type { JSX } from 'preact';
import type { Piece } from '../text/marked.ts';

/** Text, and nothing but text, with marks in it. */
export function MarkedText({ pieces }: { readonly pieces: readonly Piece[] }): JSX.Element {
  return <>{pieces.map(({ text, marked }) => (marked ? <mark>{text}</mark> : text))}</>;
}
