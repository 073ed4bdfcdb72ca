/** Questions at a terminal, one after the other. */
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

export interface Conversation {
  readonly input: Readable;
  /** Where the prompt is shown; what is asked and answered is printed elsewhere. */
  readonly output: Writable;
  /** Whether the input is a terminal: lines can be edited, and Ctrl-C is a key. */
  readonly terminal: boolean;
  /** Answers one question; aborted by Ctrl-C. */
  answer(question: string, signal: AbortSignal): Promise<void>;
  /** Told of what an answer failed with: the conversation goes on. */
  onFailure(error: unknown): void;
}

const PROMPT = '? ';
const ENDS = new Set(['exit', 'quit']);

/** Resolves at `exit`, or when the input ends (Ctrl-D). Ctrl-C ends the answer that is being written, and nothing else. */
export async function converse({ answer, onFailure, ...streams }: Conversation): Promise<void> {
  const lines = createInterface({ ...streams, prompt: PROMPT });
  let current: AbortController | null = null;
  // The input may end while an answer is written: then that one is the last.
  let ended = false;
  lines.once('close', () => {
    ended = true;
  });
  lines.on('SIGINT', () => {
    if (current) return current.abort();
    streams.output.write('\n(exit or Ctrl-D ends)\n');
    lines.prompt();
  });
  lines.prompt();
  for await (const line of lines) {
    const question = line.trim();
    if (ENDS.has(question.toLowerCase())) break;
    if (question !== '') {
      current = new AbortController();
      await answered(question, current.signal, { answer, onFailure });
      current = null;
    }
    if (!ended) lines.prompt();
  }
  lines.close();
}

async function answered(
  question: string,
  signal: AbortSignal,
  { answer, onFailure }: Pick<Conversation, 'answer' | 'onFailure'>,
): Promise<void> {
  try {
    await answer(question, signal);
  } catch (error) {
    if (!signal.aborted) onFailure(error);
  }
}
