/** One call of an endpoint that speaks OpenAI's chat completions, whose text comes in pieces. */
import OpenAI, { APIError } from 'openai';
import { Stream } from 'openai/streaming';
import { z } from 'zod';
import { type ErrorCode, ScriptoriumError } from '../../errors.ts';
import type { TokenUsage } from '../../ports/answer-model.ts';
import { boundedBody } from '../bounded-body.ts';
import { fetchWithWords, type Refusal, refusalOf } from '../openai-refusal.ts';
import { retryAfterMs } from '../retry-after.ts';
import { withoutKey } from '../without-key.ts';

export interface ChatEndpointOptions {
  readonly baseUrl?: string | undefined;
  readonly apiKey: string;
  readonly model: string;
  /** Longest wait for one whole answer, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ChatRequest {
  readonly system: string;
  readonly user: string;
  readonly maxTokens: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the whole text so far. */
  readonly onText?: ((text: string) => void) | undefined;
  /** Called with null when the endpoint has taken the request, and with its count once it tells: both are billed, whatever comes of it. */
  readonly onTaken?: ((usage: TokenUsage | null) => void) | undefined;
}

export interface ChatAnswer {
  readonly text: string;
  /** As the endpoint counted; null where it does not say. */
  readonly usage: TokenUsage | null;
  /** It reached its longest length, and stops in the middle. */
  readonly isCut: boolean;
}

const codes: Readonly<Record<Refusal, ErrorCode>> = {
  unreachable: 'ANSWER_MODEL_UNREACHABLE',
  'rate-limited': 'ANSWER_MODEL_RATE_LIMITED',
  denied: 'ANSWER_MODEL_REJECTED',
  rejected: 'ANSWER_MODEL_REJECTED',
};

/** What we read of an answer; an endpoint may send anything. */
const usage = z
  .object({ prompt_tokens: z.number(), completion_tokens: z.number() })
  .transform((told) => ({ inputTokens: told.prompt_tokens, outputTokens: told.completion_tokens }));
const whole = z.object({
  choices: z.tuple(
    [
      z.object({
        message: z.object({ content: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    ],
    z.unknown(),
  ),
  usage: usage.nullish().catch(null),
});
const piece = z.object({
  choices: z.array(
    z.object({
      delta: z.object({ content: z.string().nullish() }).nullish(),
      finish_reason: z.string().nullish(),
    }),
  ),
  usage: usage.nullish().catch(null),
});

/** More than a token has in any language: a model that writes more does not keep to the length that it was told. */
const MOST_CHARACTERS_PER_TOKEN = 16;
/** A stream wraps each token in some hundred bytes of JSON, and may send what the model thinks aloud beside it. */
const MOST_BYTES_PER_TOKEN = 4_096;

export class ChatEndpoint {
  readonly #options: ChatEndpointOptions;
  readonly #client: OpenAI;

  constructor(options: ChatEndpointOptions) {
    this.#options = options;
    const { apiKey, baseUrl, timeoutMs } = options;
    // Temporal retries; a second layer of retries would only hide how often.
    this.#client = new OpenAI({
      ...{ apiKey, baseURL: baseUrl ?? null, timeout: timeoutMs, maxRetries: 0 },
      // It would print what an endpoint sent to the console.
      logLevel: 'off',
      fetch: fetchWithWords,
    });
  }

  /** @throws ScriptoriumError ANSWER_MODEL_UNREACHABLE, ANSWER_MODEL_RATE_LIMITED, ANSWER_MODEL_REJECTED */
  async ask(request: ChatRequest): Promise<ChatAnswer> {
    const { model, timeoutMs, apiKey } = this.#options;
    // The client's own time limit ends with the first byte; ours holds for the whole answer.
    const deadline = AbortSignal.timeout(timeoutMs);
    const stop = new AbortController();
    const signals = [stop.signal, deadline, ...(request.signal ? [request.signal] : [])];
    try {
      return await this.#read(request, AbortSignal.any(signals), stop);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      const said = error instanceof Error ? error.message : String(error);
      const why = deadline.aborted ? `did not finish within ${timeoutMs / 1000} s` : `failed: ${said}`;
      throw new ScriptoriumError(
        codes[refusalOf(error)],
        withoutKey(`The answer model ${model} ${why}`, apiKey),
        {
          cause: error,
          retryAfterMs:
            error instanceof APIError ? retryAfterMs(error.headers?.get('retry-after')) : undefined,
        },
      );
    } finally {
      stop.abort();
    }
  }

  async #read(request: ChatRequest, signal: AbortSignal, stop: AbortController): Promise<ChatAnswer> {
    const { system, user, maxTokens, onText, onTaken } = request;
    const sent = await this.#client.chat.completions
      .create(
        {
          ...{ model: this.#options.model, temperature: 0, max_completion_tokens: maxTokens },
          ...{ stream: true, stream_options: { include_usage: true } },
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: user },
          ],
        },
        { signal },
      )
      .asResponse();
    onTaken?.(null);
    const response = boundedBody(sent, maxTokens * MOST_BYTES_PER_TOKEN);
    const listener: Listener = {
      text(text) {
        assertWithin(text, maxTokens);
        onText?.(text);
      },
      usage: (counted) => onTaken?.(counted),
    };
    const inPieces = response.headers.get('content-type')?.includes('text/event-stream');
    // Some servers know no streaming, and answer whole.
    if (inPieces)
      return await readPieces(Stream.fromSSEResponse<unknown>(response, stop, this.#client), listener);
    return readWhole(await response.text(), listener);
  }
}

interface Listener {
  text(textSoFar: string): void;
  usage(counted: TokenUsage): void;
}

function assertWithin(text: string, maxTokens: number): void {
  const most = maxTokens * MOST_CHARACTERS_PER_TOKEN;
  if (text.length <= most) return;
  throw new Error(`it sent more than ${most.toLocaleString('en')} characters for ${maxTokens} tokens`);
}

async function readPieces(events: AsyncIterable<unknown>, listener: Listener): Promise<ChatAnswer> {
  let text = '';
  let reason = '';
  let counted: TokenUsage | null = null;
  for await (const event of events) {
    const { choices, usage: told } = piece.parse(event, { error: () => 'it sent no chat completion' });
    counted = told ?? counted;
    if (told) listener.usage(told);
    const [choice] = choices;
    reason ||= choice?.finish_reason ?? '';
    const more = choice?.delta?.content ?? '';
    text += more;
    if (more !== '') listener.text(text);
  }
  if (reason === '') throw new Error('it broke off in the middle of its answer');
  return answerOf(text, counted, reason);
}

function readWhole(body: string, listener: Listener): ChatAnswer {
  const { success, data } = whole.safeParse(documentIn(body));
  if (!success) throw new Error('it gave something that is no chat completion');
  const [{ message, finish_reason: reason }] = data.choices;
  if (data.usage) listener.usage(data.usage);
  const answer = answerOf(message.content ?? '', data.usage ?? null, reason ?? '');
  listener.text(answer.text);
  return answer;
}

function documentIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function answerOf(text: string, counted: TokenUsage | null, reason: string): ChatAnswer {
  if (reason === 'content_filter') throw new Error('a filter of its provider took its answer away');
  if (text.trim() === '') throw new Error('it gave an empty answer');
  return { text: text.trim(), usage: counted, isCut: reason === 'length' };
}
