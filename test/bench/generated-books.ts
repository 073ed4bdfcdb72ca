/** Any number of books, always the same ones: nine tenths of a library's variety at a thousandth of its size. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface GeneratedBooks {
  /** Folder that is made and filled. */
  readonly folder: string;
  readonly books: number;
  /** Number of the first one: others have other texts. Default 0. */
  readonly from?: number;
  /** Passages of the smallest and the largest book; each is about one chunk of 256 tokens. */
  readonly passages: readonly [number, number];
}

/** With the overlap of 32 tokens and 1.3 tokens a word, about one chunk. */
const WORDS_PER_PASSAGE = 165;
const PASSAGES_PER_CHAPTER = 5;
const BOOKS_PER_FOLDER = 500;

/** Eight text files, one HTML and one Markdown file of every ten books. */
const endings = ['txt', 'txt', 'txt', 'txt', 'txt', 'txt', 'txt', 'txt', 'html', 'md'] as const;
type Ending = (typeof endings)[number];

/** Resolves to the bytes that were written. */
export async function generateBooks({
  folder,
  books,
  from = 0,
  passages: [low, high],
}: GeneratedBooks): Promise<number> {
  const words = await vocabulary();
  let bytes = 0;
  for (let book = from; book < from + books; book++) {
    const shelf = join(folder, `shelf-${Math.floor(book / BOOKS_PER_FOLDER)}`);
    if (book === from || book % BOOKS_PER_FOLDER === 0) await mkdir(shelf, { recursive: true });
    const random = randomOf(book + 1);
    const ending = endings[book % endings.length] ?? 'txt';
    const text = bookText(`Volume ${book}`, low + random(high - low + 1), ending, words, random);
    bytes += text.length;
    await writeFile(join(shelf, `volume-${book}.${ending}`), text);
  }
  return bytes;
}

type Random = (below: number) => number;

/** Multiplication by Knuth's constant spreads neighbouring seeds; then Marsaglia's xorshift32. */
function randomOf(seed: number): Random {
  let state = Math.imul(seed, 2_654_435_761) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** The words of the sample books' sources, in the order in which they come. */
async function vocabulary(): Promise<readonly string[]> {
  const folder = new URL('../../samples/sources/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  return [
    ...new Set(
      sources
        .join(' ')
        .toLowerCase()
        .match(/[a-z]{2,}/g),
    ),
  ];
}

function bookText(
  title: string,
  passages: number,
  ending: Ending,
  words: readonly string[],
  random: Random,
): string {
  const parts: string[] = [];
  for (let passage = 0; passage < passages; passage++) {
    if (passage % PASSAGES_PER_CHAPTER === 0)
      parts.push(headingIn(ending, passage / PASSAGES_PER_CHAPTER + 1));
    const paragraph = paragraphOf(words, random);
    parts.push(ending === 'html' ? `<p>${paragraph}</p>` : `${paragraph}\n`);
  }
  const body = parts.join('\n');
  return ending === 'html'
    ? `<!doctype html><html lang="en"><head><title>${title}</title></head><body>${body}</body></html>`
    : body;
}

function headingIn(ending: Ending, chapter: number): string {
  if (ending === 'html') return `<h2>Chapter ${chapter}</h2>`;
  return ending === 'md' ? `## Chapter ${chapter}\n` : `CHAPTER ${chapter}\n`;
}

function paragraphOf(words: readonly string[], random: Random): string {
  const sentences: string[] = [];
  for (let written = 0; written < WORDS_PER_PASSAGE; ) {
    const length = 8 + random(13);
    const sentence = Array.from({ length }, () => words[random(words.length)]).join(' ');
    sentences.push(`${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`);
    written += length;
  }
  return sentences.join(' ');
}
