/**
 * The stages of an answer, each within its share of one deadline.
 *
 * 1. What a model can't write in its share is quoted from the books, inside the deadline.
 * 2. Only writing by a model is an activity of its own: it can take long, its heartbeats show the text as it comes, and
 *    they tell when its worker was killed. The others are local activities, which cost milliseconds.
 * 3. An answer whose books were replaced or removed while it was made is given to nobody: it is made once more.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { z } from 'zod';
import type { BeginActivities } from '../activities/begin-answer.ts';
import type { GenerateActivities, GenerateInput } from '../activities/generate.ts';
import type { RetrieveActivities, RetrievedPassages } from '../activities/retrieve.ts';
import { type askInput, taskQueues } from './contract.ts';
import { inTime } from './in-time.ts';
import { answerRetry, answerShares, WRITING_HEARTBEAT } from './policies.ts';
import type { BegunAnswer, Fallback, FoundAnswer, SourcesChanged } from './question-contract.ts';
import type { Answer } from './result-contract.ts';

export type ParsedQuestion = z.output<typeof askInput>;
type Written = Omit<Answer, 'workflowId'>;
type Writing = Written | SourcesChanged;

/** One search, and what was made of it. */
interface Round {
  readonly found: RetrievedPassages;
  readonly input: GenerateInput;
  readonly writing: Writing;
}

/** Longest first stage. It bounds itself by the deadline, which it alone knows when the asker set none. */
const BEGIN_MS = 5_000;
/** Kept for the quotes in any case: on a busy machine a stage takes this long to begin. */
const RESERVE_MS = 1_000;
/** An answer that is late is still given; its last stage gets at least this long. */
const LEAST_QUOTE_MS = 5_000;

export async function answerInTime({
  question,
  deadlineMs: asked,
  extractive,
  ...where
}: ParsedQuestion): Promise<Answer> {
  const startedMs = Date.now();
  const { beginAnswer } = local<BeginActivities>(BEGIN_MS);
  const begun = await inTime('begin', beginAnswer({ question, deadlineMs: asked, extractive, ...where }));
  const { lookedMs } = begun;
  if (begun.found) return givenAgain(begun.found, lookedMs ?? Date.now() - startedMs);
  const leftMs = (): number => begun.deadlineMs - (Date.now() - startedMs);
  const round = async (): Promise<Round> => await searchedAndWritten({ question, ...where }, begun, leftMs);
  const first = await round();
  const { found, input, writing } =
    isChanged(first.writing) && patched('an-answer-whose-books-changed-is-made-again')
      ? await round()
      : first;
  const written = isChanged(writing)
    ? await quotedOfTheRest(input, begun, Math.max(leftMs(), LEAST_QUOTE_MS))
    : writing;
  return {
    ...written,
    timings: { ...(lookedMs !== undefined && { cache: lookedMs }), ...found.timings, ...written.timings },
    workflowId: workflowInfo().workflowId,
  };
}

async function searchedAndWritten(
  { question, ...where }: Omit<ParsedQuestion, 'deadlineMs' | 'extractive'>,
  { deadlineMs, keep, writer }: BegunAnswer,
  leftMs: () => number,
): Promise<Round> {
  const searchMs = Math.min(deadlineMs * answerShares.retrieve, Math.max(leftMs(), LEAST_QUOTE_MS));
  const { retrieve } = local<RetrieveActivities>(searchMs);
  const found = await inTime('search', retrieve({ query: question, ...where }));
  const input: GenerateInput = {
    question,
    keep: found.isProvisional ? null : keep,
    onChange: 'tell',
    ...chunksOf(found),
    nearest: nearestOf(found),
  };
  const quoteMs = Math.max(deadlineMs * answerShares.quote, Math.min(RESERVE_MS, deadlineMs / 2));
  // This workflow's own clock stands still while it waits for its tasks; the activity goes by the real one.
  const untilMs = workflowInfo().startTime.getTime() + deadlineMs - quoteMs;
  const writing =
    writer === 'model'
      ? await writtenOrQuoted({ ...input, untilMs }, { writeMs: leftMs() - quoteMs, quoteMs })
      : await quoted(input, Math.max(leftMs(), LEAST_QUOTE_MS));
  return { found, input, writing };
}

function isChanged(writing: Writing): writing is SourcesChanged {
  return 'sourcesChanged' in writing;
}

/** When books change faster than a model writes: quotes of those that are still there, which no one else is given. */
async function quotedOfTheRest(
  input: GenerateInput,
  { writer }: BegunAnswer,
  quoteMs: number,
): Promise<Written> {
  const writing = await quoted({ ...input, keep: null, onChange: 'leave-out' }, quoteMs);
  if (isChanged(writing))
    throw ApplicationFailure.nonRetryable('Changed books were told of and not left out', 'INTERNAL');
  const message =
    'Books that the answer was made from were replaced or removed each time while it was written.';
  return { ...writing, ...(writer === 'model' && { fallback: { code: 'SOURCE_CHANGED', message } }) };
}

/**
 * The chunks of every hit: neighbours that ranked high were joined to it, and are found nowhere else. No `patched`, whose marker
 * would cost every question an entry of Temporal's index: only what an activity is given changes, which no replay looks at.
 */
function chunksOf({ hits }: RetrievedPassages): Pick<GenerateInput, 'chunkIds' | 'perHit'> {
  const ofHits = hits.map(({ chunkId, chunkIds = [] }) => [
    chunkId,
    ...chunkIds.filter((id) => id !== chunkId),
  ]);
  return { chunkIds: ofHits.flat(), perHit: ofHits.map(({ length }) => length) };
}

/** Cosine of question and nearest passage; null where no passage was found by its meaning. */
function nearestOf({ hits }: RetrievedPassages): number | null {
  const known = hits.map(({ similarity }) => similarity ?? null).filter((similarity) => similarity !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function givenAgain({ answer, cached }: FoundAnswer, cacheMs: number): Answer {
  const { droppedClaims, ...kept } = answer;
  return {
    ...kept,
    ...(droppedClaims !== undefined && { droppedClaims }),
    ...{ cached, timings: { cache: cacheMs }, workflowId: workflowInfo().workflowId },
  };
}

async function writtenOrQuoted(
  input: GenerateInput,
  { writeMs, quoteMs }: { readonly writeMs: number; readonly quoteMs: number },
): Promise<Writing> {
  const startedMs = Date.now();
  try {
    return await written(input, Math.max(1, Math.floor(writeMs)));
  } catch (error) {
    const fallback = fallbackOf(error);
    if (!fallback) throw error;
    const modelMs = Date.now() - startedMs;
    // The model may be back for the next one who asks.
    const writing = await quoted({ ...input, keep: null }, Math.max(quoteMs, LEAST_QUOTE_MS));
    if (isChanged(writing)) return writing;
    return { ...writing, timings: { model: modelMs, ...writing.timings }, fallback };
  }
}

/** The attempt stops itself before its time is over; what Temporal enforces is for workers that are gone. */
async function written(input: GenerateInput, writeMs: number): Promise<Writing> {
  const { writeAnswer } = proxyActivities<GenerateActivities>({
    taskQueue: taskQueues.query,
    scheduleToCloseTimeout: writeMs,
    heartbeatTimeout: WRITING_HEARTBEAT,
    cancellationType: 'TRY_CANCEL',
    retry: answerRetry,
  });
  return await writeAnswer(input);
}

async function quoted(input: GenerateInput, quoteMs: number): Promise<Writing> {
  const { quoteAnswer } = local<GenerateActivities>(quoteMs);
  return await inTime('quote', quoteAnswer(input));
}

/**
 * One time for all attempts. With the same time for each, two timers run out at once, and where the attempt's is heard first, the
 * SDK tries again and never ends the whole: three attempts that hang took three times their share. See also `questionStage`.
 */
function local<A>(ms: number) {
  return proxyLocalActivities<A>({ scheduleToCloseTimeout: Math.ceil(ms), retry: answerRetry });
}

/** Null when the question itself is at fault or was given up: then nothing is written at all. */
function fallbackOf(error: unknown): Fallback | null {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) return null;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) {
    return { code: 'ANSWER_MODEL_UNREACHABLE', message: 'The answer model did not finish in time.' };
  }
  if (!(cause instanceof ApplicationFailure) || !cause.type?.startsWith('ANSWER_MODEL_')) return null;
  return { code: cause.type, message: cause.message };
}
