/** Answers without a language model: quoted word for word, from the right page, and declined where the books do not say. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ExtractiveAnswers, NOTHING_FOUND } from '../../../activities/adapters/answers/extractive.ts';
import type { Embedder } from '../../../activities/ports/embedder.ts';
import { search } from '../../../activities/retrieve.ts';
import { standsIn } from '../../../activities/text/verbatim.ts';
import { DEFAULT_TOP_K } from '../../../workflows/contract.ts';
import { isOnPage, type LabelledQuestion } from './labelled.ts';
import type { BenchLibrary } from './library.ts';

export interface AnswerQuality {
  readonly answered: number;
  readonly quotes: number;
  readonly verbatim: number;
  /** A quote of the answer lies on the right page. */
  readonly rightPage: number;
  readonly unanswerable: number;
  readonly declined: number;
}

/** Questions to which none of the books has the answer. */
async function unanswerable(): Promise<readonly string[]> {
  const file = new URL('./unanswerable.json', import.meta.url);
  return z.array(z.string()).parse(JSON.parse(await readFile(file, 'utf8')));
}

export async function answerQuality(
  library: BenchLibrary,
  embedder: Embedder,
  questions: readonly LabelledQuestion[],
): Promise<AnswerQuality> {
  const quality = { answered: 0, quotes: 0, verbatim: 0, rightPage: 0 };
  for (const asked of questions) {
    const { hits, written } = await answerOf(library, embedder, asked.question);
    if (written.answer === NOTHING_FOUND) continue;
    quality.answered += 1;
    quality.quotes += written.citations.length;
    const cited = written.citations.flatMap(({ n, quote }) => {
      const hit = hits[n - 1];
      return hit && standsIn(quote, hit.text) ? [hit] : [];
    });
    quality.verbatim += cited.length;
    const isRight = cited.some(({ bookId, text, page }) =>
      isOnPage(asked, { book: library.names.get(bookId) ?? '', text, page }),
    );
    if (isRight) quality.rightPage += 1;
  }
  const foreign = await unanswerable();
  let declined = 0;
  for (const question of foreign) {
    const { written } = await answerOf(library, embedder, question);
    if (written.answer === NOTHING_FOUND) declined += 1;
  }
  return { ...quality, unanswerable: foreign.length, declined };
}

async function answerOf(library: BenchLibrary, embedder: Embedder, question: string) {
  const ports = { ...library.stores, embedder };
  const { hits } = await search(ports, { query: question, topK: DEFAULT_TOP_K, neighbours: 0 });
  const passages = hits.map(({ text, title, author, page, section }, at) => ({
    ...{ n: at + 1, text, title, author, page, section },
  }));
  const nearest = Math.max(...hits.map(({ similarity }) => similarity ?? 0));
  return { hits, written: await new ExtractiveAnswers().answer(question, passages, { nearest }) };
}
