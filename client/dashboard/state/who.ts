/** Whom the server takes the reader for. */
import { effect, signal } from '@preact/signals';
import { whoAmI } from '../api/calls.ts';
import type { WhoAmI } from '../api/types.ts';
import { key, keyWanted } from './key.ts';

/** Null until the server has said it. */
export const who = signal<WhoAmI | null>(null);

/** Asks at once, and again when the key has changed; asks for a key where one is needed. */
export function followKey(): void {
  effect(() => {
    void learn(key.value);
  });
}

async function learn(sent: string): Promise<void> {
  try {
    const answer = await whoAmI();
    if (key.value !== sent) return;
    who.value = answer;
    if (answer.keyNeeded && answer.name === null) keyWanted.value = sent === '' ? 'missing' : 'refused';
  } catch {
    // A key that is missing was asked for by the request itself; a server that is away is told by every part of the page.
    who.value = null;
  }
}

/** True unless the server said that the key may not. */
export function may(scope: WhoAmI['scopes'][number]): boolean {
  return who.value === null || who.value.scopes.includes(scope);
}
