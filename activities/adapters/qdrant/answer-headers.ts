/**
 * The headers of Qdrant's answers. Its client keeps only the first character of `Retry-After`, so they are read where
 * Node's HTTP client tells of every answer: its documented diagnostics channels.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { z } from 'zod';

/** What is noted of the answer to one call. */
interface Noted {
  retryAfter: string | null;
}

const created = z.object({
  request: z.custom<object>((value) => typeof value === 'object' && value !== null),
});
const answered = created.extend({ response: z.object({ headers: z.array(z.instanceof(Uint8Array)) }) });

const current = new AsyncLocalStorage<Noted>();
const callOf = new WeakMap<object, Noted>();
let listening = false;

/**
 * Runs a call, and tells the header `Retry-After` of its last answer to `failed`; null when it had none, or when the
 * call waited for a connection so that its answer can't be told from others.
 */
export async function withRetryAfter<T>(
  call: () => Promise<T>,
  failed: (error: unknown, retryAfter: string | null) => Error,
): Promise<T> {
  listen();
  const noted: Noted = { retryAfter: null };
  try {
    return await current.run(noted, call);
  } catch (error) {
    throw failed(error, noted.retryAfter);
  }
}

function listen(): void {
  if (listening) return;
  listening = true;
  subscribe('undici:request:create', (message) => {
    const noted = current.getStore();
    const request = created.safeParse(message).data?.request;
    if (noted && request) callOf.set(request, noted);
  });
  subscribe('undici:request:headers', (message) => {
    const { data } = answered.safeParse(message);
    const noted = data && callOf.get(data.request);
    if (noted) noted.retryAfter = retryAfterIn(data.response.headers);
  });
}

/** Names and values in turn, as they came. */
function retryAfterIn(headers: readonly Uint8Array[]): string | null {
  const texts = headers.map((bytes) => Buffer.from(bytes).toString('latin1'));
  const at = texts.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === 'retry-after');
  return at < 0 ? null : (texts[at + 1] ?? null);
}
