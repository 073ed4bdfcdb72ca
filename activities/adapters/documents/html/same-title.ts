/** True for titles that differ in case, punctuation and numbering alone, as tables of contents and headings often do. */
export function sameTitle(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

function bare(title: string): string {
  const words = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return words.replace(/^(?:(?:chapter|part|section) )?(?:\d+ )*/, '') || words;
}
