/** Passages → answer with citations. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { KeepTicket, WrittenSoFar } from '../workflows/question-contract.ts';
import type { Answer, Citation } from '../workflows/result-contract.ts';
import type { AnswerCaches } from './cache/answer-caches.ts';
import { type ErrorCode, errorRegistry, ScriptoriumError } from './errors.ts';
import type { AnswerSource } from './ports/answer-cache.ts';
import type { AnswerModel, NumberedPassage, WriteOptions, WrittenAnswer } from './ports/answer-model.ts';
import type { StoredPassage, VectorStore } from './ports/vector-store.ts';
import { questionStage } from './stage.ts';
import { standsIn } from './text/verbatim.ts';

export interface GeneratePorts {
  /** The one that is configured. */
  readonly answerModel: AnswerModel;
  /** The one that always answers, within milliseconds. */
  readonly extractive: AnswerModel;
  readonly store: VectorStore;
  readonly caches: Pick<AnswerCaches, 'keep'>;
}

export interface GenerateInput {
  readonly question: string;
  /** Best first. */
  readonly chunkIds: readonly string[];
  /** Cosine of question and nearest passage, −1 to 1; null or absent where none was found by its meaning. */
  readonly nearest?: number | null;
  /** What the answer needs to be kept for others; absent or null when it is not to be. */
  readonly keep?: KeepTicket | null;
  /** When a model has to be through, in milliseconds since 1970; absent when only Temporal limits it. */
  readonly untilMs?: number;
}

type Written = Omit<Answer, 'workflowId'>;
export type GenerateActivities = ReturnType<typeof createGenerateActivities>;

export function createGenerateActivities(ports: GeneratePorts) {
  const { answerModel, extractive } = ports;
  const writeBy =
    (model: AnswerModel) =>
    async (input: GenerateInput, options: WriteOptions): Promise<Written> =>
      await write(model, ports, input, options);
  return {
    /** By the model that is configured; its heartbeats hold the text so far. */
    writeAnswer: questionStage(async (input: GenerateInput, { signal }): Promise<Written> => {
      using beats = heartbeats();
      return await inTime(input.untilMs, signal, (limited) =>
        writeBy(answerModel)(input, { signal: limited, onText: beats.told }),
      );
    }),
    /** Quotes from the books, whatever model is configured. */
    quoteAnswer: questionStage(writeBy(extractive)),
    /** Of questions that began under version 0.1. */
    generate: questionStage(writeBy(answerModel)),
  };
}

/** By the clock, which goes on while a busy machine keeps a workflow waiting. */
async function inTime<T>(
  untilMs: number | undefined,
  signal: AbortSignal,
  writing: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  if (untilMs === undefined) return await writing(signal);
  const late = AbortSignal.timeout(Math.max(0, untilMs - Date.now()));
  try {
    return await writing(AbortSignal.any([signal, late]));
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    const code: ErrorCode = 'ANSWER_MODEL_UNREACHABLE';
    const said = 'The answer model did not finish in the time of the question';
    throw ApplicationFailure.nonRetryable(`${said}. ${errorRegistry[code].remedy}`, code);
  }
}

async function write(
  model: AnswerModel,
  { store, caches }: GeneratePorts,
  { question, chunkIds, keep, nearest }: GenerateInput,
  { signal, onText }: WriteOptions,
): Promise<Written> {
  const started = performance.now();
  const passages = inOrder(await store.get(chunkIds), chunkIds);
  const written = await model.answer(question, passages.map(numbered), {
    ...(signal && { signal }),
    ...(onText && { onText }),
    ...(nearest !== undefined && { nearest }),
  });
  const answer = { ...written, citations: citationsOf(written, passages) };
  // A passage that went meanwhile would not be among the sources, and its book not be watched.
  if (keep && passages.length === chunkIds.length) caches.keep(question, keep, answer, sourcesOf(passages));
  return { ...answer, timings: { generate: performance.now() - started } };
}

/** Every book that was read, whether it is cited or not: another text of it could make another answer. */
function sourcesOf(passages: readonly StoredPassage[]): AnswerSource[] {
  const sources = new Map(
    passages.map(({ bookId, revision }) => [`${bookId} ${revision}`, { bookId, revision }]),
  );
  return [...sources.values()];
}

/** Well within the heartbeat timeout: a model may think for long before its first word. */
const BEAT_EVERY_MS = 1_000;

/** Tells Temporal the text so far as it comes, and that this worker lives while none comes. */
function heartbeats(): Disposable & { told(text: string): void } {
  const context = Context.current();
  let soFar: WrittenSoFar = { text: '' };
  const timer = setInterval(() => context.heartbeat(soFar), BEAT_EVERY_MS);
  return {
    told(text) {
      soFar = { text };
      context.heartbeat(soFar);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function inOrder(passages: readonly StoredPassage[], ids: readonly string[]): StoredPassage[] {
  const byId = new Map(passages.map((passage) => [passage.id, passage]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function numbered({ text, title, author, page, section }: StoredPassage, index: number): NumberedPassage {
  return { n: index + 1, text, title, author, page, section };
}

/** @throws ScriptoriumError ANSWER_MODEL_UNREACHABLE for a quote that does not stand in its passage, whoever made it */
function citationsOf({ citations }: WrittenAnswer, passages: readonly StoredPassage[]): Citation[] {
  return citations.map(({ n, quote }) => {
    const passage = passages[n - 1];
    if (!passage || !standsIn(quote, passage.text))
      throw new ScriptoriumError(
        'ANSWER_MODEL_UNREACHABLE',
        `The quote of [${n}] does not stand in its passage`,
      );
    const { title, author, page, section, path, bookId, id } = passage;
    return { n, title, author, page, section, path, bookId, chunkId: id, quote };
  });
}
