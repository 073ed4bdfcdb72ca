/** What the place that is printed to understands: a terminal has colours and links, a file or a pipe has neither. */
import { styleText } from 'node:util';

export interface Terminal {
  /** Not where NO_COLOR is set. */
  readonly colours: boolean;
  /** OSC 8: a word that leads to an address. */
  readonly links: boolean;
}

export const plain: Terminal = { colours: false, links: false };

interface Stream {
  readonly isTTY?: boolean;
  /** Node's own: 1 where the environment says that there are no colours. */
  getColorDepth?(env?: object): number;
}

export function terminalOf(stream: Stream, env: NodeJS.ProcessEnv = process.env): Terminal {
  if (stream.isTTY !== true || !stream.getColorDepth) return plain;
  // A terminal that has no colours at all (TERM=dumb) has no links either; one that is to show none has.
  const { NO_COLOR: _, ...others } = env;
  return { colours: stream.getColorDepth(env) > 1, links: stream.getColorDepth(others) > 1 };
}

export function bold(text: string, { colours }: Terminal): string {
  return colours ? styleText('bold', text, { validateStream: false }) : text;
}

export function dim(text: string, { colours }: Terminal): string {
  return colours ? styleText('dim', text, { validateStream: false }) : text;
}

export function linked(text: string, url: string, { links }: Terminal): string {
  return links ? `\u001b]8;;${url}\u001b\\${text}\u001b]8;;\u001b\\` : text;
}
