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
    const parsed = parse(askInput, asked);
    const input = { ...parsed, question: normaliseQuestion(parsed.question) };
    const started = performance.now();
    const { scope } = askedAs(input, this.#parts);
    // The workflow looks again, and counts the miss.
    const found = await this.#parts.caches.findExact({ question: input.question, scope }, false);
    // What a workflow answers is counted when it ends.
    if (!found) return await ask(this.#client, input, { ...settings, eager: true });
    const { droppedClaims, ...kept } = found.answer;
    const totalMs = performance.now() - started;
    const timings = { cache: totalMs };
    const { question: text, ...filters } = input;
    const results = kept.citations.length;
    this.#count({ kind: 'answer', outcome: 'done', code: null, text, filters, results, totalMs, timings });
    return {
      ...{ ...kept, ...(droppedClaims !== undefined && { droppedClaims }), cached: found.cached },
      ...{ timings, workflowId: questionId(input) },
    };
  }

  /**
   * The same search as that of the workflow `searchLibrary`, in this process.
   * @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, MODEL_MISMATCH, STORE_UNREACHABLE
   */
  async search(asked: SearchInput): Promise<SearchResult> {
    const input: RetrieveInput = parse(searchInput, asked);
    const { query: text, ...filters } = input;
    const started = performance.now();
    const end = { kind: 'search', text, filters } as const;
    try {
      const found = await search(this.#parts, input);
      const counted = { results: found.hits.length, timings: found.timings };
      this.#count({ ...end, outcome: 'done', code: null, totalMs: performance.now() - started, ...counted });
      return found;
    } catch (error) {
      const { code } = toScriptoriumError(error);
      const nothing = { results: 0, timings: {} };
      this.#count({ ...end, outcome: 'failed', code, totalMs: performance.now() - started, ...nothing });
      throw error;
    }
  }

  #count(end: Omit<QueryEnd, 'traceId'>): void {
    this.#parts.meter?.query({ ...end, traceId: trace.getActiveSpan()?.spanContext().traceId ?? null });
  }
}
