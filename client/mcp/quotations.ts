/** Words of books, marked so that nobody takes them for words of this server or of a person. */
import { printable } from '../cli/output.ts';

/** Everything that begins a new line somewhere. */
const LINES = /\r\n|[\n\r\u0085\u2028\u2029\v\f]/;

/** Every line begins with `> `, so that no text can end its own quotation. */
export function quoted(text: string): string {
  return text
    .split(LINES)
    .map((line) => `> ${printable(line)}`.trimEnd())
    .join('\n');
}
