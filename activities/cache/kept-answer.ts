/** The part of an answer that is kept, and what tells which questions it may answer. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type KeptAnswer, settingsText } from '../../workflows/question-contract.ts';

const citation = z.object({
  n: z.number().int(),
  title: z.string(),
  author: z.string().nullable(),
  page: z.object({ start: z.number(), end: z.number() }).nullable(),
  section: z.array(z.string()),
  path: z.string(),
  bookId: z.string().optional(),
  chunkId: z.string(),
  quote: z.string(),
});

/** Parses what a store gives back: another version of the program may have written it. */
const keptAnswer: z.ZodType<KeptAnswer> = z.object({
  answer: z.string(),
  citations: z.array(citation),
  droppedCitations: z.array(z.number().int()),
  droppedClaims: z.number().int().optional(),
  mode: z.enum(['extractive', 'model']),
});

export function keptAs({ answer, citations, droppedCitations, droppedClaims, mode }: KeptAnswer): string {
  return JSON.stringify({ answer, citations, droppedCitations, droppedClaims, mode });
}

/** Null for what no version of ours has written. */
export function keptIn(json: string): KeptAnswer | null {
  try {
    return keptAnswer.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

/** Raise it when answers to the same passages become others: a better prompt, another check of claims. */
const ANSWERS_VERSION = 4;

/** Text that is the same exactly for questions that are asked in the same way: filters, passages, who writes. */
export function scopeOf(settings: object, writer: string): string {
  return `${ANSWERS_VERSION} ${writer} ${settingsText(settings)}`;
}

export function keyOf(scope: string, question: string): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, question]))
    .digest('hex');
}
