import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** Most answers take a second; streams that follow a run would never end. */
const DRAIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** Takes no connection any more; resolves when what was asked is answered, or after `mostMs` milliseconds. */
export async function drained(server: Server, mostMs = DRAIN_MS): Promise<void> {
  const until = Date.now() + mostMs;
  let closed = false;
  server.close(() => {
    closed = true;
  });
  // Browsers and clients keep connections open on which they ask nothing.
  while (!closed && Date.now() < until) {
    server.closeIdleConnections();
    await delay(LOOK_EVERY_MS);
  }
}
