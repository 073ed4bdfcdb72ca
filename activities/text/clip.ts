/** A text cut to a length in UTF-16 units, with a mark where something is missing, and never within a character. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
