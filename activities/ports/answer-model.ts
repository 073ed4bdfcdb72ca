/** A passage offered to the answer model, numbered from 1. */
export interface NumberedPassage {
  readonly n: number;
  readonly text: string;
  readonly title: string;
  readonly author: string | null;
  readonly page: { readonly start: number; readonly end: number } | null;
  readonly section: readonly string[];
}

export interface WrittenAnswer {
  /** Text with citation marks such as [1]. */
  readonly answer: string;
  /** For each cited passage its number and the words it rests on, in order of first mention. */
  readonly citations: readonly { readonly n: number; readonly quote: string }[];
  /** Numbers the model cited that no passage has; they are removed from the text. */
  readonly droppedCitations: readonly number[];
  readonly mode: 'extractive' | 'model';
}

/** Writes an answer from passages, and cites them by number. */
export interface AnswerModel {
  /** For logs and results, for example `extractive` or the model's name. */
  readonly name: string;
  /** @throws ScriptoriumError ANSWER_MODEL_UNREACHABLE, ANSWER_MODEL_RATE_LIMITED, ANSWER_MODEL_REJECTED */
  answer(
    question: string,
    passages: readonly NumberedPassage[],
    signal?: AbortSignal,
  ): Promise<WrittenAnswer>;
}
