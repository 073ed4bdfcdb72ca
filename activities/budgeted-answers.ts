import type { AnswerBudget } from './answer-budget.ts';
import type {
  AnswerModel,
  MeteredAnswerModel,
  NumberedPassage,
  TokenUsage,
  WriteOptions,
  WrittenAnswer,
} from './ports/answer-model.ts';

/** An answer model whose tokens are counted, and which is not asked when the day's are used up. */
export class BudgetedAnswers implements AnswerModel {
  readonly name: string;
  readonly #model: MeteredAnswerModel;
  readonly #budget: AnswerBudget;

  constructor(model: MeteredAnswerModel, budget: AnswerBudget) {
    this.name = model.name;
    this.#model = model;
    this.#budget = budget;
  }

  /** @throws ScriptoriumError ANSWER_BUDGET_SPENT beside what the model throws */
  async answer(
    question: string,
    passages: readonly NumberedPassage[],
    options: WriteOptions = {},
  ): Promise<WrittenAnswer> {
    const most = this.#model.mostTokens(question, passages);
    const reserved = await this.#budget.reserve(most);
    // What was taken has been read, and what was told has been written, whatever came of it; what was refused is not charged.
    let taken: TokenUsage = { inputTokens: 0, outputTokens: 0 };
    let answers: 0 | 1 = 0;
    let isCounted = false;
    const onTaken = (usage: TokenUsage | null): void => {
      taken = usage ?? { inputTokens: most.inputTokens, outputTokens: 0 };
      isCounted = usage !== null;
    };
    const onText = (text: string): void => {
      const outputTokens = Math.min(most.outputTokens, text.length);
      if (!isCounted) taken = { inputTokens: most.inputTokens, outputTokens };
      options.onText?.(text);
    };
    try {
      const written = await this.#model.answer(question, passages, { ...options, onText, onTaken });
      answers = 1;
      taken = written.usage ?? { inputTokens: 0, outputTokens: 0 };
      if (!written.usage) return written;
      return { ...written, usage: { ...written.usage, costCents: this.#budget.costCents(written.usage) } };
    } finally {
      await this.#budget.settle(reserved, taken, answers);
    }
  }
}
