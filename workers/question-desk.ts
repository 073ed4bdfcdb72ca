/** Questions of the process that holds the model and the store: what needs no workflow gets none, and the others start at once. */
import { trace } from '@opentelemetry/api';
import type { Client } from '@temporalio/client';
import { askedAs, lookMs } from '../activities/begin-answer.ts';
import type { AskedAs } from '../activities/cache/answer-caches.ts';
import { toScriptoriumError } from '../activities/errors.ts';
import type { QueryEnd } from '../activities/ports/telemetry.ts';
import { Stopwatch } from '../activities/retrieval/stopwatch.ts';
import { type RetrieveInput, type RetrievePorts, search } from '../activities/retrieve.ts';
import { within } from '../activities/within.ts';
import { type AskSettings, ask, questionId } from '../client/ask.ts';
import { parse } from '../client/checked-input.ts';
import { withinTime } from '../client/in-time.ts';
import { type AskInput, askInput, type SearchInput, searchInput } from '../workflows/contract.ts';
import { normaliseQuestion } from '../workflows/question-contract.ts';
import type { Answer, SearchResult } from '../workflows/result-contract.ts';
import type { Parts } from './parts.ts';

/** What it needs of a process. */
export interface DeskParts
  extends Omit<RetrievePorts, 'observe'>,
    Pick<Parts, 'deadlineMs' | 'meter' | 'observe'> {
  readonly answerModel: Pick<Parts['answerModel'], 'name'>;
  readonly extractive: Pick<Parts['extractive'], 'name'>;
  readonly caches: Pick<Parts['caches'], 'holdsExact' | 'peekExact' | 'exact'>;
}

export class QuestionDesk {
  readonly #parts: DeskParts;
  readonly #client: Client;

  /** @param client on the connection of the worker of this process that serves questions */
  constructor(parts: DeskParts, client: Client) {
    this.#parts = parts;
    this.#client = client;
  }

  /**
   * Answers from the cache of this process, or else by a workflow whose first task needs no way through the server.
   * @throws ScriptoriumError by the code that the question failed with
   */
  async ask(asked: AskInput, settings: Omit<AskSettings, 'eager' | 'usualDeadlineMs'> = {}): Promise<Answer> {
    const input = normalised(asked);
    const byWorkflow = async (): Promise<Answer> => {
      const { deadlineMs: usualDeadlineMs } = this.#parts;
      return await ask(this.#client, input, { ...settings, usualDeadlineMs, eager: true });
    };
    const { scope } = askedAs(input, this.#parts);
    const looked = { question: input.question, scope };
    // Where nothing is kept the workflow is the root of its trace.
    if (!this.#parts.caches.holdsExact(looked)) return await byWorkflow();
    return await this.#observed(
      'answer',
      async () => (await this.#kept(input, looked)) ?? (await byWorkflow()),
    );
  }

  /**
   * The same search as that of the workflow `searchLibrary`, in this process, within the time that a question has.
   * @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, LIBRARY_EMPTY, MODEL_MISMATCH, QUESTION_TIMEOUT,
   * STORE_UNREACHABLE; the reason of the signal
   */
  async search(asked: SearchInput, signal?: AbortSignal): Promise<SearchResult> {
    const input: RetrieveInput = parse(searchInput, asked);
    const { query: text, ...filters } = input;
    const asking = { kind: 'search', text, filters, startedMs: performance.now() } as const;
    const watch = new Stopwatch(this.#parts.observe);
    return await this.#observed('passages', async () => {
      try {
        const { deadlineMs, meter } = this.#parts;
        const untilMs = Date.now() + deadlineMs;
        const found = await withinTime(deadlineMs, signal, (limited) =>
          search(this.#parts, input, { signal: limited, untilMs }, watch),
        );
        this.#count(asking, 'done', { results: found.hits.length, timings: found.timings });
        // Of a search by a workflow its activity tells.
        meter?.retrieved(found.hits.length);
        return found;
      } catch (error) {
        const { timings } = watch;
        if (signal?.aborted) this.#count(asking, 'cancelled', { timings });
        else this.#count(asking, 'failed', { code: toScriptoriumError(error).code, timings });
        throw error;
      }
    });
  }

  /** Null when what this process keeps may not be given any more, or that can't be told in time. */
  async #kept(input: AskedQuestion, looked: AskedAs): Promise<Answer | null> {
    const startedMs = performance.now();
    const { caches, deadlineMs } = this.#parts;
    // A store that hangs must not keep a question for long before it is even begun.
    const patienceMs = lookMs(input.deadlineMs ?? deadlineMs);
    // Without an answer in time the workflow looks again, and counts what it finds, and itself when it ends.
    const found = await this.#observed('cache', () => within(patienceMs, caches.peekExact(looked)));
    if (!found) return null;
    caches.exact.count('hit');
    const { droppedClaims, ...kept } = found.answer;
    const timings = { cache: performance.now() - startedMs };
    const { question: text, ...filters } = input;
    const results = kept.citations.length;
    this.#count({ kind: 'answer', text, filters, startedMs }, 'done', { results, timings });
    return {
      ...{ ...kept, ...(droppedClaims !== undefined && { droppedClaims }), cached: found.cached },
      ...{ timings, workflowId: questionId(input) },
    };
  }

  /** As a span, where anybody traces: the root of a trace, or below one. */
  #observed<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const { observe } = this.#parts;
    return observe ? observe(stage, work) : work();
  }

  #count(
    { startedMs, ...asked }: Pick<QueryEnd, 'kind' | 'text' | 'filters'> & { readonly startedMs: number },
    outcome: QueryEnd['outcome'],
    end: Partial<Pick<QueryEnd, 'code' | 'results' | 'timings'>>,
  ): void {
    const traceId = trace.getActiveSpan()?.spanContext().traceId ?? null;
    const totalMs = performance.now() - startedMs;
    this.#parts.meter?.query({
      ...{ ...asked, outcome, totalMs, traceId, code: null, results: 0, timings: {} },
      ...end,
    });
  }
}

type AskedQuestion = ReturnType<typeof normalised>;

function normalised(asked: AskInput) {
  const parsed = parse(askInput, asked);
  return { ...parsed, question: normaliseQuestion(parsed.question) };
}
