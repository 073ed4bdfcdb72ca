/** An answer as a stream of events, for `for await`. */
import type { Answer } from '../workflows/result-contract.ts';
import type { TextListener } from './ask.ts';

export type AnswerEvent =
  /** The whole text so far; its citations are not checked yet. */
  | { readonly kind: 'text'; readonly text: string }
  /** The last one. */
  | { readonly kind: 'answer'; readonly answer: Answer };

interface Told {
  readonly onText: TextListener;
  readonly signal: AbortSignal;
}

/** A listener that is slow misses texts, and never the last one: each holds all of those before. */
export async function* answerEvents(
  ask: (told: Told) => Promise<Answer>,
  given?: AbortSignal,
): AsyncGenerator<AnswerEvent, void> {
  const left = new AbortController();
  const signal = given ? AbortSignal.any([given, left.signal]) : left.signal;
  let text: string | null = null;
  let wake = Promise.withResolvers<void>();
  const answer = ask({
    signal,
    onText: (written) => {
      text = written;
      wake.resolve();
    },
  });
  const ended = answer.then(
    () => true,
    () => true,
  );
  try {
    for (;;) {
      const over = await Promise.race([ended, wake.promise.then(() => false)]);
      wake = Promise.withResolvers();
      const told: string | null = text;
      text = null;
      if (told !== null) yield { kind: 'text', text: told };
      if (over) return yield { kind: 'answer', answer: await answer };
    }
  } finally {
    left.abort();
  }
}
