/** A passage offered to the answer model, numbered from 1: a hit, with the neighbours that it was joined with. */
export interface NumberedPassage {
  readonly n: number;
  readonly text: string;
  /** The part that ranked best, for a model that can't take all; absent where that is the whole. */
  readonly own?: Pick<NumberedPassage, 'text' | 'page'>;
  readonly title: string;
  readonly author: string | null;
  readonly page: { readonly start: number; readonly end: number } | null;
  readonly section: readonly string[];
}

/** Tokens of one answer. */
export interface TokenUsage {
  /** Of the prompt: question, instructions and passages. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** In hundredths of the currency of the configured prices; absent where none are. */
  readonly costCents?: number;
}

export interface WrittenAnswer {
  /** Text with citation marks such as [1]. */
  readonly answer: string;
  /** For each cited passage its number and the words it rests on, in order of first mention. */
  readonly citations: readonly { readonly n: number; readonly quote: string }[];
  /** Numbers the model cited that no passage has; they are removed from the text. */
  readonly droppedCitations: readonly number[];
  /** Sentences that no passage supports; they are removed from the text. Absent where nothing was written freely. */
  readonly droppedClaims?: number;
  readonly mode: 'extractive' | 'model';
  /** The model was cut off: what it had not finished is left out, and nobody else is given the answer. */
  readonly isCut?: true;
  /** Absent where no model was asked. */
  readonly usage?: TokenUsage;
}

export interface WriteOptions {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
  /** Called with the whole text so far whenever some more has come, before its citations are checked. */
  readonly onText?: (text: string) => void;
  /** Called with null when a request was taken that will be billed, and with its count once that is told. */
  readonly onTaken?: (usage: TokenUsage | null) => void;
  /** Cosine of question and nearest passage, −1 to 1; null or absent where none was found by its meaning. */
  readonly nearest?: number | null;
}

/** Writes an answer from passages, and cites them by number. */
export interface AnswerModel {
  /** For logs and results, for example `extractive` or the model's name. */
  readonly name: string;
  /** @throws ScriptoriumError ANSWER_MODEL_UNREACHABLE, ANSWER_MODEL_UNFINISHED, ANSWER_MODEL_RATE_LIMITED, ANSWER_MODEL_REJECTED */
  answer(
    question: string,
    passages: readonly NumberedPassage[],
    options?: WriteOptions,
  ): Promise<WrittenAnswer>;
}

/** An answer model that takes tokens. */
export interface MeteredAnswerModel extends AnswerModel {
  /** Tokens that an answer can take at most, or nearly so: they are counted before it is written. */
  mostTokens(question: string, passages: readonly NumberedPassage[]): TokenUsage;
}
