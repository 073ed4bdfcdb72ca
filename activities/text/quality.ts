/** Judgements on whether bytes are text, and whether a book holds any. */

/** Below so many letters a page a PDF is a scan: what it has are stamps and scanner marks. */
const LETTERS_PER_PAGE = 10;
/** Share of control characters from which bytes are no text. Random bytes have 0.1, texts of any charset next to none. */
const CONTROL_SHARE = 0.005;

const LETTER = /\p{L}/u;
const ASCII_LETTER = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(LETTER.test(String.fromCharCode(code))),
);

/** Number of letters of any script. */
export function countLetters(text: string): number {
  let letters = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < ASCII_LETTER.length) letters += ASCII_LETTER[code] ?? 0;
    else {
      const character = String.fromCodePoint(text.codePointAt(at) ?? code);
      if (LETTER.test(character)) letters++;
      at += character.length - 1;
    }
  }
  return letters;
}

/**
 * Whether a book holds text at all, over all its units.
 * A PDF needs ten letters a page; anything else needs one letter.
 * @param paged `DocumentMeta.paged`
 */
export function hasText(letters: number, units: number, paged: boolean): boolean {
  return paged ? letters >= LETTERS_PER_PAGE * Math.max(1, units) : letters > 0;
}

/** Backspace (old terminal output), tab, line feed, vertical tab, form feed, carriage return, Ctrl-Z, escape (ISO 2022). */
const TEXT_CONTROLS: ReadonlySet<number> = new Set([8, 9, 10, 11, 12, 13, 26, 27]);
const DELETE = 127;
/** By byte: 1 for control characters that texts do not have. */
const FOREIGN_CONTROL = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number((byte < 32 && !TEXT_CONTROLS.has(byte)) || byte === DELETE),
);

/** True when a sample of single-byte or UTF-8 data cannot be text. UTF-16 must be told from it before. */
export function isBinary(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return true;
  let controls = 0;
  for (let at = 0; at < bytes.length; at++) controls += FOREIGN_CONTROL[bytes[at] ?? 0] ?? 0;
  return controls > bytes.length * CONTROL_SHARE;
}
