/** Judgements on whether bytes are text, and whether a book holds any. */

/** Below so many letters a page a PDF is a scan: what it has are stamps and scanner marks. */
const LETTERS_PER_PAGE = 10;
/** Share of control characters from which bytes are no text. Random bytes have 0.1, texts of any charset next to none. */
const CONTROL_SHARE = 0.005;

/** Number of letters of any script. */
export function countLetters(text: string): number {
  return text.match(/\p{L}/gu)?.length ?? 0;
}

/**
 * Whether a book holds text at all, over all its units.
 * A PDF needs ten letters a page; anything else needs one letter.
 * @param paged `DocumentMeta.paged`
 */
export function hasText(letters: number, units: number, paged: boolean): boolean {
  return paged ? letters >= LETTERS_PER_PAGE * Math.max(1, units) : letters > 0;
}

/** True when a sample of single-byte or UTF-8 data cannot be text. UTF-16 must be told from it before. */
export function isBinary(bytes: Uint8Array): boolean {
  let controls = 0;
  for (const byte of bytes) {
    if (byte === 0) return true;
    if ((byte < 32 && !TEXT_CONTROLS.has(byte)) || byte === 127) controls++;
  }
  return controls > bytes.length * CONTROL_SHARE;
}

/** Backspace (old terminal output), tab, line feed, vertical tab, form feed, carriage return, Ctrl-Z, escape (ISO 2022). */
const TEXT_CONTROLS: ReadonlySet<number> = new Set([8, 9, 10, 11, 12, 13, 26, 27]);
