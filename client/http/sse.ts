/** Server-sent events: one named event after the other, each with one line of JSON. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventWriter } from './event-writer.ts';

export interface EventStream {
  /** Aborted when the other side is gone. */
  readonly signal: AbortSignal;
  /** Of those that a slow reader has not taken, the latest of each name is sent. */
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
  // Whoever left before is heard no more.
  if (raw.destroyed) gone.abort();
  raw.writeHead(200, {
    ...headersOf(reply),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that gather what passes would make a stream into one late answer.
    'x-accel-buffering': 'no',
  });
  const events = new EventWriter(raw);
  const alive = setInterval(() => events.keepAlive(), KEEP_ALIVE_MS);
  try {
    await work({ signal: gone.signal, send: (event, data) => events.send(event, data) });
  } finally {
    clearInterval(alive);
    events.end();
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
