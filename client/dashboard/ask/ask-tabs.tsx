import type { JSX } from 'preact';

/** Answers, or the passages themselves. */
export function AskTabs({ current }: { readonly current: 'ask' | 'search' }): JSX.Element {
  return (
    <nav class="tabs" aria-label="Answers or passages">
      <a href="#/ask" aria-current={current === 'ask' ? 'page' : undefined}>
        Ask
      </a>
      <a href="#/search" aria-current={current === 'search' ? 'page' : undefined}>
        Search
      </a>
    </nav>
  );
}
