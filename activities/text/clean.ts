/** Latin ligatures as their letters. NFKC would do it too, but it also flattens x² to x2 and ½ to 1⁄2. */
const LIGATURES: Readonly<Record<string, string>> = {
  '\uFB00': 'ff',
  '\uFB01': 'fi',
  '\uFB02': 'fl',
  '\uFB03': 'ffi',
  '\uFB04': 'ffl',
  '\uFB05': 'st',
  '\uFB06': 'st',
};

/**
 * Control characters but tab and line feed, private use, soft hyphen, zero-width and direction marks, U+FFFE.
 * The zero-width joiner and non-joiner stay: words of Indic and Persian texts need them.
 */
const INVISIBLE =
  /(?![\t\n])[\p{Cc}\p{Co}\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\uFEFF\uFFFC\uFFFE]/gu;

/**
 * Text without what only a printer needs: ligatures become letters, control, zero-width and private-use characters
 * go, all spaces are one kind, lines end in `\n` and carry no space at their end. Line breaks and indentation stay.
 * Idempotent.
 */
export function cleanText(raw: string): string {
  return (
    raw
      .toWellFormed()
      .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
      .replace(/\f/g, '\n\n')
      .replace(/[\uFB00-\uFB06]/g, (ligature) => LIGATURES[ligature] ?? ligature)
      .replace(/[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g, ' ')
      // A bullet of a symbol font would otherwise vanish and glue its line to the one before.
      .replace(/[\uF0A7\uF0B7]/g, '•')
      // A soft hyphen at the end of a line was printed there only because the line ended.
      .replace(/\u00AD[ \t]*\n[ \t]*/g, '')
      .replace(INVISIBLE, '')
      .normalize('NFC')
      // Looked for at the first space of each run alone: at every one of a long run it takes the square of its length.
      .replace(/(?<![ \t])[ \t]+$/gm, '')
      .replace(/\n{3,}/g, '\n\n')
  );
}

/** Text on one line: every run of white space becomes one space. */
export function oneLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim();
}
