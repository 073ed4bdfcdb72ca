/** What passes between askers, the workflow of a question and its activities. */
import { z } from 'zod';
import type { Answer } from './result-contract.ts';

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

/** Settings as text, the same in whatever order they are named; what is left out does not count. */
export function settingsText(settings: object): string {
  const named = Object.entries(settings).filter(([, value]) => value !== undefined);
  return JSON.stringify(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the deadline of a question may be, in milliseconds. */
export const answerDeadlineMs = z.int().min(1_000).max(110_000);

/** Activity of the workflow of a question that writes; its heartbeats hold what is written so far. */
export const WRITING_ACTIVITY = 'writeAnswer';

/** Details of its heartbeats: the text so far, before its citations are checked. */
export const writtenSoFar = z.object({ text: z.string() });
export type WrittenSoFar = z.infer<typeof writtenSoFar>;

/** Where an answer comes from that was not made anew. */
export interface CachedAs {
  /** `exact`: this process answered the same question; `semantic`: some process answered one that means the same. */
  readonly kind: 'exact' | 'semantic';
  /** As it was asked then. */
  readonly question: string;
  /** Milliseconds since then. */
  readonly ageMs: number;
}

/** The part of an answer that is kept: without what belongs to the one time that it was made. */
export interface KeptAnswer extends Pick<Answer, 'answer' | 'citations' | 'droppedCitations' | 'mode'> {
  readonly droppedClaims?: number | undefined;
}

/** An answer out of a cache, and where it comes from. */
export interface FoundAnswer {
  readonly answer: KeptAnswer;
  readonly cached: CachedAs;
}

/** What an answer needs to be kept for others who ask: what was known when its books were searched. */
export interface KeepTicket {
  readonly scope: string;
  /** Corpus epoch before the search. */
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** What is decided before a question is worked on, by the settings of the worker that took it up. */
export interface BegunAnswer {
  /** Time for the whole answer, in milliseconds. */
  readonly deadlineMs: number;
  /** Who writes: `model` may take its time and fail, `extractive` quotes within milliseconds. */
  readonly writer: 'model' | 'extractive';
  /** Null when the answer is not to be kept. */
  readonly keep: KeepTicket | null;
  /** One that was given before and may be given again; null when there is none. */
  readonly found: FoundAnswer | null;
  /** What the look into the caches took, in milliseconds; absent in runs of versions before 0.8. */
  readonly lookedMs?: number;
}

/** In place of an answer: a book that it was to be made from was replaced or removed since it was searched. */
export interface SourcesChanged {
  readonly sourcesChanged: true;
}

/** Why an answer is not by the model that should have written it. */
export interface Fallback {
  /** Code of the registry in `activities/errors.ts`. */
  readonly code: string;
  /** What happened and what to do. */
  readonly message: string;
}
