/** Questions of the process that holds the model and the store: what needs no workflow gets none, and the others start at once. */
import { trace } from '@opentelemetry/api';
import type { Client } from '@temporalio/client';
import { askedAs } from '../activities/begin-answer.ts';
import { toScriptoriumError } from '../activities/errors.ts';
import type { QueryEnd } from '../activities/ports/telemetry.ts';
import { type RetrieveInput, search } from '../activities/retrieve.ts';
import { type AskSettings, ask, questionId } from '../client/ask.ts';
import { parse } from '../client/checked-input.ts';
import { type AskInput, askInput, type SearchInput, searchInput } from '../workflows/contract.ts';
import { normaliseQuestion } from '../workflows/question-contract.ts';
import type { Answer, SearchResult } from '../workflows/result-contract.ts';
import type { Parts } from './parts.ts';

export class QuestionDesk {
  readonly #parts: Parts;
  readonly #client: Client;

  /** @param client on the connection of the worker of this process that serves questions */
  constructor(parts: Parts, client: Client) {
    this.#parts = parts;
    this.#client = client;
  }

  /**
   * Answers from the cache of this process, or else by a workflow whose first task needs no way through the server.
   * @throws ScriptoriumError by the code that the question failed with
   */
  async ask(asked: AskInput, settings: Omit<AskSettings, 'eager'> = {}): Promise<Answer> {
    const input = normalised(asked);
    // What a workflow answers is counted when it ends.
    return (await this.#kept(input)) ?? (await ask(this.#client, input, { ...settings, eager: true }));
  }

  /**
   * The same search as that of the workflow `searchLibrary`, in this process.
   * @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, MODEL_MISMATCH, STORE_UNREACHABLE
   */
  async search(asked: SearchInput): Promise<SearchResult> {
    const input: RetrieveInput = parse(searchInput, asked);
    const { query: text, ...filters } = input;
    const asking = { kind: 'search', text, filters, startedMs: performance.now() } as const;
    return await this.#observed('passages', async () => {
      try {
        const found = await search(this.#parts, input);
        this.#count(asking, 'done', { results: found.hits.length, timings: found.timings });
        return found;
      } catch (error) {
        this.#count(asking, 'failed', { code: toScriptoriumError(error).code });
        throw error;
      }
    });
  }

  /** Null when this process keeps no answer to the question. */
  async #kept(input: ReturnType<typeof normalised>): Promise<Answer | null> {
    const startedMs = performance.now();
    const { scope } = askedAs(input, this.#parts);
    // The workflow looks again, and counts the miss.
    const found = await this.#parts.caches.findExact({ question: input.question, scope }, false);
    if (!found) return null;
    const { droppedClaims, ...kept } = found.answer;
    const timings = { cache: performance.now() - startedMs };
    const { question: text, ...filters } = input;
    await this.#observed('answer', async () =>
      this.#count({ kind: 'answer', text, filters, startedMs }, 'done', {
        ...{ results: kept.citations.length, timings },
      }),
    );
    return {
      ...{ ...kept, ...(droppedClaims !== undefined && { droppedClaims }), cached: found.cached },
      ...{ timings, workflowId: questionId(input) },
    };
  }

  /** As the root of a trace, where anybody traces. */
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

function normalised(asked: AskInput) {
  const parsed = parse(askInput, asked);
  return { ...parsed, question: normaliseQuestion(parsed.question) };
}
