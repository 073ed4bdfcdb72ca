import type { JSX } from 'preact';

const tones: Readonly<Record<string, 'good' | 'bad' | 'waiting' | 'busy'>> = {
  ingested: 'good',
  done: 'good',
  healthy: 'good',
  failed: 'bad',
  terminated: 'bad',
  unhealthy: 'bad',
  paused: 'waiting',
  waiting: 'waiting',
  cancelling: 'waiting',
  scanning: 'busy',
  ingesting: 'busy',
  running: 'busy',
  uploading: 'busy',
};

/** A state, by its word and, beside it, by its colour. */
export function Badge({ state }: { readonly state: string }): JSX.Element {
  return <span class={`badge ${tones[state] ?? 'plain'}`}>{state}</span>;
}
