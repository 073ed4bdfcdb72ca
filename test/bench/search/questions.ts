import { join } from 'node:path';
import { readCorpus } from '../retrieval/corpus.ts';
import { readQuestions } from '../retrieval/labelled.ts';
import { Seeded } from './seeded-numbers.ts';

/** Of the books of the labelled set, so that its questions meet the words of a real library. */
export async function sentencesOf(cache: string, signal: AbortSignal): Promise<string[]> {
  const books = await readCorpus(join(cache, 'bench-retrieval'), signal);
  const texts = books.flatMap(({ units }) => units.map(({ text }) => text));
  const all = texts.flatMap((text) => text.split(/(?<=[.!?])\s+|\n\n+/));
  return all.filter(({ length }) => length > 40 && length < 400);
}

/** Labelled questions, each time with two other words of the books: no question is asked twice, as what is kept of one helps the next. */
export async function freshQuestions(sentences: readonly string[]): Promise<(at: number) => string> {
  const questions = (await readQuestions()).map(({ question }) => question);
  const random = new Seeded(17);
  const word = (): string => random.pick(random.pick(sentences).split(' '));
  return (at) => `${questions[at % questions.length]} ${word()} ${word()}`;
}
