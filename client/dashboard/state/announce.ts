/** What a screen reader is told of what changes by itself. */
import { signal } from '@preact/signals';

export const announced = signal('');

export function announce(text: string): void {
  // The same text twice is told twice.
  announced.value = announced.value === text ? `${text}\u00a0` : text;
}
