/** How a server ends: first what it was asked, then what would never end. */
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** Most answers take a second; streams that follow a run would never end. */
const DRAIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

interface App {
  readonly server: Server;
  close(): PromiseLike<unknown>;
}

/**
 * Cuts what is still open, and closes. Fastify cuts nothing where it was not itself asked to listen, and an assistant may keep its
 * stream open for days.
 */
export async function closed(app: App): Promise<void> {
  app.server.close();
  app.server.closeAllConnections();
  await app.close();
}

/** Takes no connection any more; resolves when what was asked is answered, or after `mostMs` milliseconds. */
export async function drained(server: Server, mostMs = DRAIN_MS): Promise<void> {
  const until = Date.now() + mostMs;
  let isClosed = false;
  server.close(() => {
    isClosed = true;
  });
  // Browsers and clients keep connections open on which they ask nothing.
  while (!isClosed && Date.now() < until) {
    server.closeIdleConnections();
    await delay(LOOK_EVERY_MS);
  }
}
