import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { announce } from '../state/announce.ts';
import { Icon } from './icons.tsx';

/** A command for a terminal, with a button that copies it. */
export function Command({ text }: { readonly text: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    announce('Copied');
  };
  return (
    <div class="command">
      <code>{text}</code>
      {/* Browsers lend the clipboard only to pages that came over a safe line, or from this machine. */}
      {isSecureContext && (
        <button type="button" class="button quiet small" onClick={copy} aria-label={`Copy: ${text}`}>
          <Icon name={copied ? 'done' : 'copy'} />
          {copied ? 'Copied' : 'Copy'}
        </button>
      )}
    </div>
  );
}
