/** Questions with their labels: the page that answers, and some words of the passage that does. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const questionList = z.array(
  z.object({
    /** Id in books.json. */
    book: z.string(),
    /** A question put to a sentence of the book, or a heading of it as a person types it into a search. */
    kind: z.enum(['definition', 'heading']),
    question: z.string(),
    /** Pages from 1 that hold the phrase. */
    pages: z.array(z.number().int()).min(1),
    /** Words of the passage that answers. */
    phrase: z.string(),
  }),
);
export type LabelledQuestion = z.infer<typeof questionList>[number];

/** A passage as any of the systems gives it. */
export interface GivenPassage {
  readonly book: string;
  readonly text: string;
  readonly page: { readonly start: number; readonly end: number } | null;
}

export async function readQuestions(): Promise<LabelledQuestion[]> {
  const text = await readFile(new URL('questions.json', import.meta.url), 'utf8');
  return questionList.parse(JSON.parse(text));
}

/** The right page of the right book. */
export function isOnPage({ book, pages }: LabelledQuestion, passage: GivenPassage): boolean {
  if (passage.book !== book || passage.page === null) return false;
  const { start, end } = passage.page;
  return pages.some((page) => page >= start && page <= end);
}

/** The words that answer stand in the passage itself, whole; spaces, case, hyphens and ligatures do not count. */
export function holdsAnswer({ book, phrase }: LabelledQuestion, passage: GivenPassage): boolean {
  return passage.book === book && lettersOf(passage.text).includes(lettersOf(phrase));
}

export function lettersOf(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^0-9a-z]+/g, '');
}
