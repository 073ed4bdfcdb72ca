/** What passes between askers, the workflow of a question and its activities. */
import { z } from 'zod';

/**
 * The text that tells questions apart: Unicode in one form (NFC), no control characters, single spaces. Letter case, signs
 * and digits stay, because they can make another question: "IT" is not "it", and "x²" not "x2".
 */
export function normaliseQuestion(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** What the deadline of a question may be, in milliseconds. */
export const answerDeadlineMs = z.int().min(1_000).max(110_000);

/** Activity of the workflow of a question that writes; its heartbeats hold what is written so far. */
export const WRITING_ACTIVITY = 'writeAnswer';

/** Details of its heartbeats: the text so far, before its citations are checked. */
export const writtenSoFar = z.object({ text: z.string() });
export type WrittenSoFar = z.infer<typeof writtenSoFar>;

/** What is decided before a question is worked on, by the settings of the worker that took it up. */
export interface BegunAnswer {
  /** Time for the whole answer, in milliseconds. */
  readonly deadlineMs: number;
  /** Who writes: `model` may take its time and fail, `extractive` quotes within milliseconds. */
  readonly writer: 'model' | 'extractive';
}

/** Why an answer is not by the model that should have written it. */
export interface Fallback {
  /** Code of the registry in `activities/errors.ts`. */
  readonly code: string;
  /** What happened and what to do. */
  readonly message: string;
}
