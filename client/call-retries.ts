/** Retries of single calls to Temporal, which end before their connection is closed. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

/** Longest wait between two tries. A longer outage is waited out by who asks; see patience.ts. */
const MAX_WAIT_MS = 1_000;
/** From the moment that a retry is due until its call has found the connection refused. */
const LAST_CALL_MS = 50;

/**
 * Temporal's client retries a call on a timer, and throws from it, where nobody can catch it, when the connection was
 * closed meanwhile: a program that leaves during an outage would end with a stack trace. So `close` lets the last timer
 * run out, and no new one is set.
 */
export class CallRetries {
  readonly interceptors: NonNullable<ConnectionOptions['interceptors']>;
  #closing = false;
  #lastDueAtMs = 0;

  constructor() {
    const { delayFunction, retryableDecider } = defaultGrpcRetryOptions();
    this.interceptors = [
      makeGrpcRetryInterceptor({
        retryableDecider: (attempt, status) => !this.#closing && retryableDecider(attempt, status),
        delayFunction: (attempt, status) => {
          const waitMs = Math.min(MAX_WAIT_MS, delayFunction(attempt, status));
          this.#lastDueAtMs = Math.max(this.#lastDueAtMs, Date.now() + waitMs);
          return waitMs;
        },
      }),
    ];
  }

  /** The same connection, whose `close` waits for the timers: for a second at most, and only during an outage. */
  guard(connection: Connection): Connection {
    const close = connection.close.bind(connection);
    return Object.assign(connection, {
      close: async (): Promise<void> => {
        this.#closing = true;
        const waitMs = this.#lastDueAtMs + LAST_CALL_MS - Date.now();
        if (waitMs > 0) await delay(waitMs);
        await close();
      },
    });
  }
}
