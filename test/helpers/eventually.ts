import { setTimeout } from 'node:timers/promises';

/**
 * What `look` gives, once it gives something. Throws after `forMs` without: a look that went on after its test
 * failed would keep the whole run of tests from ending.
 */
export async function eventually<T>(
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  { everyMs = 20, forMs = 120_000 }: { everyMs?: number; forMs?: number } = {},
): Promise<T> {
  const until = Date.now() + forMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until) throw new Error(`Not after ${forMs / 1_000} s: ${look}`);
    await setTimeout(everyMs);
  }
}
