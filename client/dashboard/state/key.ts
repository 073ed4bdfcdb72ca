/** The key that requests are sent with. It is kept as long as the tab is open, and nowhere else. */
import { signal } from '@preact/signals';

const STORED_AS = 'scriptorium.key';

export const key = signal(sessionStorage.getItem(STORED_AS) ?? '');

/** Why the page asks for a key; null when it doesn't. */
export const keyWanted = signal<'missing' | 'refused' | 'changing' | null>(null);

/** The server wants a key, and another than the one that was sent. */
export function keyIsRefused(): void {
  keyWanted.value = key.value === '' ? 'missing' : 'refused';
}

/** Sends all that follows with this key; everything that is shown is loaded again. */
export function setKey(text: string): void {
  if (text === '') sessionStorage.removeItem(STORED_AS);
  else sessionStorage.setItem(STORED_AS, text);
  key.value = text;
  keyWanted.value = null;
}
