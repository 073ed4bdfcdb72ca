import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const answeredSchema = z.strictObject({
  question: z.string().endsWith('?'),
  /** Name of the book file that answers it, as `buildSamples` writes it. */
  book: z.string().min(1),
  /** Page of the passage, from 1; PDF only. */
  page: z.int().positive().optional(),
  /** Words of the passage that answers it, in no other book; white space counts as one blank. */
  mustContain: z.string().min(1),
});

/** Questions on the sample books, and questions that none of them answers. */
export const questionsSchema = z.strictObject({
  questions: z.array(answeredSchema).min(1),
  unanswered: z.array(z.string().endsWith('?')).min(3),
});

export type SampleQuestions = z.infer<typeof questionsSchema>;
export type AnsweredQuestion = SampleQuestions['questions'][number];

/** The questions of `samples/questions.json`. */
export async function readQuestions(): Promise<SampleQuestions> {
  const file = new URL('questions.json', import.meta.url);
  return questionsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}
