/** Waiting for an answer of Temporal for as long as it takes. */
import { setTimeout } from 'node:timers/promises';
import { isOutage } from './failures.ts';

/** Called with true when Temporal stops to answer, and with false when it answers again. */
export type OutageListener = (out: boolean) => void;

/** Short enough that nobody waits for us when it is back, long enough not to burden it. */
const TRY_EVERY_MS = 2_000;

/**
 * Asks until there is an answer that is no outage.
 * @param probe a short call: what is asked for may take hours to answer, and would not tell that Temporal is back
 * @throws whatever `ask` throws that is no outage
 */
export async function waitOut<T>(
  ask: () => Promise<T>,
  probe: () => Promise<unknown>,
  onOutage: OutageListener = () => {},
  tryEveryMs: number = TRY_EVERY_MS,
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
    onOutage(true);
    await untilAnswered(probe, tryEveryMs);
    onOutage(false);
  }
}

async function untilAnswered(probe: () => Promise<unknown>, tryEveryMs: number): Promise<void> {
  for (;;) {
    await setTimeout(tryEveryMs);
    try {
      await probe();
      return;
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }
}
