import type { JSX } from 'preact';

/** A message of the server: what stands between backticks is a command or a name. */
export function Said({ text }: { readonly text: string }): JSX.Element {
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code>{part}</code> : part))}</>;
}
