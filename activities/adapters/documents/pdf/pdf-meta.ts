import { oneLine } from '../../../text/clean.ts';

/** What PDF producers write when nobody gave a title. */
const JUNK_TITLES = [
  /^(?:untitled|unknown|no title|title|none|null|\(null\)|noname|print|default)?[\s\d.-]*$/i,
  /^(?:document|dokument|presentation|book|slide|page|layout|microsoft word)\s*\d*$/i,
  /^microsoft (?:word|powerpoint|excel) - /i,
  /\.(?:docx?|pdf|tex|dvi|ps|indd|qxd|rtf|odt|pptx?|xlsx?|fm|pmd|p65|txt|html?|xml|eps|tmp)$/i,
  /^(?:https?|file):\/\//i,
];

/** A title or author of a file's metadata on one line; null when it says nothing. */
export function usableTitle(raw: string): string | null {
  const title = oneLine(raw);
  return JUNK_TITLES.some((junk) => junk.test(title)) ? null : title;
}

export function usableAuthor(raw: string): string | null {
  const author = oneLine(raw);
  return /^(?:unknown|anonymous|none|null|user|admin(?:istrator)?|author)?$/i.test(author) ? null : author;
}
