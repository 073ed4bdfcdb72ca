/** Server-sent events: one named event after the other, each with one line of JSON. */
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface EventStream {
  /** Aborted when the other side is gone. */
  readonly signal: AbortSignal;
  send(event: string, data: object): void;
}

/** Proxies and our own idle limit end a connection on which nothing passes. */
const KEEP_ALIVE_MS = 10_000;

export function wantsEvents({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').toLowerCase().includes('text/event-stream');
}

/** Sends what `work` tells, and ends the stream with it. `work` must not throw. */
export async function streamEvents(
  reply: FastifyReply,
  work: (stream: EventStream) => Promise<void>,
): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.hijack();
  const { raw } = reply;
  raw.once('close', () => gone.abort());
  raw.writeHead(200, {
    ...headersOf(reply),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that gather what passes would make a stream into one late answer.
    'x-accel-buffering': 'no',
  });
  const alive = setInterval(() => raw.write(': \n\n'), KEEP_ALIVE_MS);
  try {
    await work({
      signal: gone.signal,
      send: (event, data) => {
        if (!gone.signal.aborted) raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      },
    });
  } finally {
    clearInterval(alive);
    raw.end();
  }
  return reply;
}

/** What hooks have set: a hijacked reply does not send it by itself. */
export function headersOf(reply: FastifyReply): Record<string, string | number | string[]> {
  return Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
