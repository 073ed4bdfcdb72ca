/** Small drawings beside words; they say nothing that the words don't. */
import type { JSX } from 'preact';

const drawings = {
  runs: 'M4 18V9m5 9V5m5 13v-7m5 7V8',
  library: 'M5 4h4v16H5zM9 6h4v14H9zM13.6 6.300l3.8-1 4 14.2-3.8 1z',
  ask: 'M4 5h16v11H11l-4.5 4v-4H4zM8.5 9h7m-7 3.200h4.5',
  health: 'M3 12.500h4l2.5-6.5 4.5 12 2.5-5.500H21',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M14.5 5l-7 7 7 7',
  on: 'M9.5 5l7 7-7 7',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.500L20.5 20.5',
  book: 'M4 5.500c3-1 5.6-.7 8 .9 2.4-1.6 5-1.9 8-.9v13c-3-1-5.6-.7-8 .9-2.4-1.6-5-1.9-8-.9zM12 6.500v13',
  key: 'M14.5 4a5.5 5.5 0 1 1-4.7 8.300L4 18v2.500h3V18h2.500v-2.500l1.8-1.800M16 8.500h.01',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  done: 'M5 12.500l4.5 4.500L19 7',
  up: 'M12 19V6m-6 5.500L12 5.500l6 6',
} as const;

export type IconName = keyof typeof drawings;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={drawings[name]} />
    </svg>
  );
}
