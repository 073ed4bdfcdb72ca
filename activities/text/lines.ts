/** What one line of a book looks like by itself. All of these are guesses; a wrong one costs a line break, no text. */

const LIST_ITEM = /^\s*(?:[•◦▪‣·*–—-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+\S/u;
const NUMBERED_HEADING = /^(?:\d{1,3}|[A-Z])(?:\.\d{1,3})*\.?\s+\p{Lu}/u;
const CODE_SYMBOLS = /[{}[\]();=<>$#&|\\_"'`*/+@%^~]/gu;
const CODE_START =
  /^(?:[>$%] |#{1,4} |[\w.$]+\(.*\)$|\/\/|\/\*|#include|import |from \S+ import|def |class |function |return |if ?\(|for ?\(|while ?\(|\w+\(\)\s*\{)/;
const LONGEST_HEADING = 80;

export function endsSentence(line: string): boolean {
  return /[.!?:;…。！？]["'”’»)\]]*$/u.test(line);
}

export function startsLower(line: string): boolean {
  return /^\s*["'“‘(«]?\p{Ll}/u.test(line);
}

export function isListItem(line: string): boolean {
  return LIST_ITEM.test(line);
}

/** A line such as `2.1.4 Documenting packages` or `CHAPTER IV`. */
export function isHeadingLike(line: string): boolean {
  const text = line.trim();
  if (text.length > LONGEST_HEADING || endsSentence(text)) return false;
  return NUMBERED_HEADING.test(text) || isShouted(text);
}

/** True for a line of at least four letters, all of them capitals. */
export function isShouted(line: string): boolean {
  return /\p{Lu}.*\p{Lu}.*\p{Lu}.*\p{Lu}/u.test(line) && !/\p{Ll}/u.test(line);
}

/** A line of a program, a table of figures or console output, whose break means something. */
export function isCodeLike(line: string): boolean {
  const text = line.trim();
  if (text === '') return false;
  if (/^(?: {4}|\t)/.test(line) || CODE_START.test(text) || /^[{}()[\];]+$/.test(text)) return true;
  if (/<-|->|:=|==|=>|::/.test(text)) return true;
  const symbols = text.match(CODE_SYMBOLS)?.length ?? 0;
  return symbols / text.length > 0.12 || (/[;{]$/.test(text) && symbols >= 2);
}
