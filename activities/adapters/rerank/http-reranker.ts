/** A cross-encoder behind an endpoint `/rerank`, as Cohere, Jina, vLLM, llama.cpp and Text Embeddings Inference have it. */
import { z } from 'zod';
import { ScriptoriumError } from '../../errors.ts';
import type { Reranker } from '../../ports/reranker.ts';
import { boundedBody, headOf } from '../bounded-body.ts';
import { withoutKey } from '../without-key.ts';

export interface HttpRerankerOptions {
  /** What comes before `/rerank`, for example `http://localhost:8080` or `https://api.cohere.com/v2`. */
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  /** Servers with one model need none. */
  readonly model?: string | undefined;
  /** Longest wait, in milliseconds: a question waits for it. */
  readonly timeoutMs: number;
}

const index = z.number().int().min(0);
/** Text Embeddings Inference gives a bare list, all others one with more about each. */
const ranking = z.union([
  z.array(z.object({ index, score: z.number() })),
  z
    .object({ results: z.array(z.object({ index, relevance_score: z.number() })) })
    .transform(({ results }) =>
      results.map(({ index: at, relevance_score: score }) => ({ index: at, score })),
    ),
]);
const LONGEST_REASON = 300;
/** Of a refusal; no more is read. */
const MOST_REASON_BYTES = 4 * LONGEST_REASON;
/** Of an answer, beside the texts: far more than scores take. */
const MOST_SCORE_BYTES = 1_000_000;
/** Some servers send the texts back, maybe with each letter that is not ASCII as six bytes. */
const MOST_BYTES_PER_BYTE = 4;

export class HttpReranker implements Reranker {
  readonly name: string;
  readonly #url: string;
  readonly #options: HttpRerankerOptions;

  constructor(options: HttpRerankerOptions) {
    this.#url = `${options.baseUrl.replace(/\/+$/, '')}/rerank`;
    this.#options = options;
    this.name = options.model ?? this.#url;
  }

  async rerank(question: string, texts: readonly string[], signal?: AbortSignal): Promise<readonly number[]> {
    if (texts.length === 0) return [];
    const parsed = ranking.safeParse(await this.#ask(question, texts, signal));
    const scores = new Map(parsed.data?.map(({ index: at, score }) => [at, score]));
    const found = texts.map((_, at) => scores.get(at));
    if (!found.every((score) => score !== undefined))
      throw this.#failed(`scored ${scores.size} of ${texts.length} passages`);
    return found;
  }

  async #ask(question: string, texts: readonly string[], signal: AbortSignal | undefined): Promise<unknown> {
    const { model, apiKey, timeoutMs } = this.#options;
    const deadline = AbortSignal.timeout(timeoutMs);
    // Each kind of server reads its own name of the passages, and passes over the other.
    const asked = JSON.stringify({ ...(model && { model }), query: question, documents: texts, texts });
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
        body: asked,
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      if (!response.ok) {
        const reason = await headOf(response, MOST_REASON_BYTES);
        throw this.#failed(`answered ${response.status}: ${reason.slice(0, LONGEST_REASON)}`);
      }
      const most = MOST_SCORE_BYTES + MOST_BYTES_PER_BYTE * Buffer.byteLength(asked);
      return await boundedBody(response, most).json();
    } catch (error) {
      if (error instanceof ScriptoriumError || signal?.aborted) throw error;
      throw this.#failed(deadline.aborted ? `did not answer within ${timeoutMs} ms` : String(error), error);
    }
  }

  #failed(why: string, cause?: unknown): ScriptoriumError {
    return new ScriptoriumError(
      'RERANK_FAILED',
      withoutKey(`The reranker ${this.name} ${why}`, this.#options.apiKey),
      { cause },
    );
  }
}
