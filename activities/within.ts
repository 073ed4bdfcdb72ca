import { setTimeout as delay } from 'node:timers/promises';

/** Null when it takes longer; it goes on all the same. */
export async function within<T>(ms: number, working: Promise<T>): Promise<T | null> {
  const over = new AbortController();
  const late = delay(ms, null, { signal: over.signal }).catch(() => null);
  try {
    return await Promise.race([working, late]);
  } finally {
    over.abort();
  }
}
