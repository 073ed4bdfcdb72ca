import type { JSX } from 'preact';

interface BarProps {
  /** What it is the progress of. */
  readonly label: string;
  /** 0 to 1; null when nobody knows. */
  readonly share: number | null;
  readonly look?: 'large' | 'small';
  readonly tone?: 'plain' | 'waiting' | 'bad';
}

/** The browser's own progress bar; what it shows must be said in text beside it. */
export function Bar({ label, share, look = 'small', tone = 'plain' }: BarProps): JSX.Element {
  const known = share === null ? {} : { value: share };
  return <progress class={`bar ${look} ${tone}`} aria-label={label} max={1} {...known} />;
}
