/** Passages → answer with citations. */
import { ApplicationFailure, Context, log } from '@temporalio/activity';
import type { KeepTicket, SourcesChanged, WrittenSoFar } from '../workflows/question-contract.ts';
import type { Answer, Citation } from '../workflows/result-contract.ts';
import {
  type AnswerPassage,
  type AskedPassages,
  committedPassages,
  readPassages,
} from './answer-passages.ts';
import type { AnswerCaches } from './cache/answer-caches.ts';
import { type ErrorCode, errorRegistry, ScriptoriumError } from './errors.ts';
import type { AnswerSource } from './ports/answer-cache.ts';
import type { AnswerModel, NumberedPassage, WriteOptions, WrittenAnswer } from './ports/answer-model.ts';
import type { Catalog } from './ports/catalog.ts';
import type { VectorStore } from './ports/vector-store.ts';
import { questionStage } from './stage.ts';
import { splitSentences } from './text/sentences.ts';
import { standsIn } from './text/verbatim.ts';

export interface GeneratePorts {
  /** The one that is configured. */
  readonly answerModel: AnswerModel;
  /** The one that always answers, within milliseconds. */
  readonly extractive: AnswerModel;
  readonly store: VectorStore;
  readonly catalog: Pick<Catalog, 'get'>;
  readonly caches: Pick<AnswerCaches, 'keep'>;
}

export interface GenerateInput extends AskedPassages {
  readonly question: string;
  /** Cosine of question and nearest passage, −1 to 1; null or absent where none was found by its meaning. */
  readonly nearest?: number | null;
  /** What the answer needs to be kept for others; absent or null when it is not to be. */
  readonly keep?: KeepTicket | null;
  /**
   * What to do about a book that was replaced or removed since it was searched: say so in place of an answer, or answer from
   * the others. Absent before version 0.7: then it is not looked for.
   */
  readonly onChange?: 'tell' | 'leave-out' | undefined;
  /** When a model has to be through, in milliseconds since 1970; absent when only Temporal limits it. */
  readonly untilMs?: number;
}

type Written = Omit<Answer, 'workflowId'>;
type Writing = Written | SourcesChanged;
export type GenerateActivities = ReturnType<typeof createGenerateActivities>;

export function createGenerateActivities(ports: GeneratePorts) {
  const { answerModel, extractive } = ports;
  const writeBy =
    (model: AnswerModel) =>
    async (input: GenerateInput, options: WriteOptions): Promise<Writing> =>
      await write(model, ports, input, options);
  return {
    /** By the model that is configured; its heartbeats hold the text so far. */
    writeAnswer: questionStage(async (input: GenerateInput, { signal }): Promise<Writing> => {
      using beats = heartbeats();
      return await inTime(input.untilMs, signal, (limited) =>
        writeBy(answerModel)(input, { signal: limited, onText: beats.told }),
      );
    }),
    /** Quotes from the books, whatever model is configured. */
    quoteAnswer: questionStage(writeBy(extractive)),
    /** Of questions that began under version 0.1. */
    generate: questionStage(async (input: GenerateInput, options): Promise<Written> => {
      const started = performance.now();
      const { passages } = await readPassages(ports.store, input);
      const { isCut: _, ...answer } = await answerFrom(passages, answerModel, input, options);
      return { ...answer, timings: { generate: performance.now() - started } };
    }),
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
  { store, catalog, caches }: GeneratePorts,
  input: GenerateInput,
  options: WriteOptions,
): Promise<Writing> {
  const started = performance.now();
  const { question, keep, onChange } = input;
  const read = await readPassages(store, input);
  if (onChange === 'tell' && !read.complete) return { sourcesChanged: true };
  const passages = onChange === 'leave-out' ? await committedPassages(catalog, read.passages) : read.passages;
  const { isCut, ...answer } = await answerFrom(passages, model, input, options);
  const stands = onChange === 'tell' ? await stillStands(catalog, passages) : true;
  if (stands === false) return { sourcesChanged: true };
  // A passage that went meanwhile would not be among the sources, and its book not be watched.
  if (keep && read.complete && stands && !isCut) caches.keep(question, keep, answer, sourcesOf(passages));
  return { ...answer, timings: { generate: performance.now() - started } };
}

async function answerFrom(
  passages: readonly AnswerPassage[],
  model: AnswerModel,
  { question, nearest }: GenerateInput,
  { signal, onText }: WriteOptions,
): Promise<Omit<Written, 'timings'> & Pick<WrittenAnswer, 'isCut'>> {
  const written = await model.answer(question, passages.map(numbered), {
    ...(signal && { signal }),
    ...(onText && { onText }),
    ...(nearest !== undefined && { nearest }),
  });
  return { ...written, citations: citationsOf(written, passages) };
}

/**
 * Whether all books are what they were before the model began, which may be a minute ago: who asked the same after a book was
 * removed waits for this very answer. Null where the catalog does not say: that takes away no answer that was paid for.
 */
async function stillStands(
  catalog: Pick<Catalog, 'get'>,
  passages: readonly AnswerPassage[],
): Promise<boolean | null> {
  try {
    return (await committedPassages(catalog, passages)).length === passages.length;
  } catch (error) {
    log.warn('the books of an answer could not be looked at again; it is not kept', { error: String(error) });
    return null;
  }
}

/** Every book that was read, whether it is cited or not: another text of it could make another answer. */
function sourcesOf(passages: readonly AnswerPassage[]): AnswerSource[] {
  const sources = new Map(
    passages.map(({ best: { bookId, revision } }) => [`${bookId} ${revision}`, { bookId, revision }]),
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

function numbered({ best, chunks, text, page }: AnswerPassage, index: number): NumberedPassage {
  const { title, author, section } = best;
  const own = chunks.length > 1 ? { own: { text: best.text, page: best.page } } : {};
  return { n: index + 1, text, title, author, page, section, ...own };
}

/** @throws ScriptoriumError ANSWER_MODEL_UNREACHABLE for a quote that does not stand in its passage, whoever made it */
function citationsOf({ citations }: WrittenAnswer, passages: readonly AnswerPassage[]): Citation[] {
  return citations.map(({ n, quote }) => {
    const passage = passages[n - 1];
    if (!passage || !standsIn(quote, passage.text))
      throw new ScriptoriumError(
        'ANSWER_MODEL_UNREACHABLE',
        `The quote of [${n}] does not stand in its passage`,
      );
    const { quoted, chunk } = placeOf(quote, passage);
    const { title, author, section, path, bookId, id } = chunk ?? passage.best;
    const { page } = chunk ?? passage;
    return { n, title, author, page, section, path, bookId, chunkId: id, quote: quoted };
  });
}

/**
 * The chunk that holds a quote has its page and section. One over the edge of two has the pages of the passage; where that reaches
 * over sections, too, the first sentence alone is quoted, with the place of the chunk that holds it.
 */
function placeOf(
  quote: string,
  { best, chunks }: AnswerPassage,
): { readonly quoted: string; readonly chunk: AnswerPassage['best'] | undefined } {
  const holderOf = (words: string) => [best, ...chunks].find(({ text }) => standsIn(words, text));
  const whole = holderOf(quote);
  const sections = new Set(chunks.map(({ section }) => section.join('\n')));
  if (whole || sections.size < 2) return { quoted: quote, chunk: whole };
  const first = splitSentences(quote)[0]?.trim() ?? '';
  const holder = first === '' ? undefined : holderOf(first);
  return holder ? { quoted: first, chunk: holder } : { quoted: quote, chunk: undefined };
}
