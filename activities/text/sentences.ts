const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Words whose full stop ends no sentence. Lower case; those that often end one (etc, al) are left out. */
const ABBREVIATIONS = new Set(
  (
    'e.g i.e cf vs viz ca approx resp incl mr mrs ms dr prof rev gen col sgt capt lt st sr jr hon ' +
    'fig figs eq eqs sec secs ch chap chaps vol vols no nos p pp par ed eds trans art app tab ' +
    'jan feb mar apr jun jul aug sep sept oct nov dec'
  ).split(' '),
);
/** Only so many last characters are looked at, so that a list of a thousand initials takes no quadratic time. */
const LONGEST_ABBREVIATION = 24;
const CLOSING_WORD = /(?:^|[\s("'“‘[])((?:\p{L}\.)*\p{L}+)\.\s*$/u;

/**
 * Cuts a text into sentences, each with the white space that follows it; put together they are the text again.
 * A line break always ends one, so code keeps its lines.
 */
export function splitSentences(text: string): readonly string[] {
  const sentences: string[] = [];
  let open = '';
  for (const { segment } of segmenter.segment(text)) {
    open += segment;
    if (isOpen(open)) continue;
    sentences.push(open);
    open = '';
  }
  if (open !== '') sentences.push(open);
  return attachBlank(sentences);
}

/** True when the piece ends in an abbreviation, an initial, or the dot of a name, on the same line. */
function isOpen(piece: string): boolean {
  if (piece.endsWith('\n')) return false;
  // A full stop behind a blank begins a name, such as .Call or .htaccess.
  if (/\s\.$/.test(piece)) return true;
  const word = CLOSING_WORD.exec(piece.slice(-LONGEST_ABBREVIATION))?.[1];
  if (word === undefined) return false;
  return ABBREVIATIONS.has(word.toLowerCase()) || /^\p{Lu}$/u.test(word);
}

/** Pieces of white space alone go to the sentence before them. */
function attachBlank(pieces: readonly string[]): readonly string[] {
  const out: string[] = [];
  for (const piece of pieces) {
    if (out.length > 0 && piece.trim() === '') out.push((out.pop() ?? '') + piece);
    else out.push(piece);
  }
  return out;
}
