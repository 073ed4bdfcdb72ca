import type { AnswerBudget, Reservation } from './answer-budget.ts';
import { ScriptoriumError, toScriptoriumError } from './errors.ts';
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

  /** @throws ScriptoriumError ANSWER_BUDGET_SPENT, ANSWER_MODEL_UNCOUNTED, and what the model throws */
  async answer(
    question: string,
    passages: readonly NumberedPassage[],
    options: WriteOptions = {},
  ): Promise<WrittenAnswer> {
    const most = this.#model.mostTokens(question, passages);
    const reserved = await this.#reserved(most);
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

  /** Where nothing can be counted, as on a full disk, the model can't be asked; the books can still be quoted. */
  async #reserved(most: TokenUsage): Promise<Reservation> {
    try {
      return await this.#budget.reserve(most);
    } catch (error) {
      if (error instanceof ScriptoriumError && error.code === 'ANSWER_BUDGET_SPENT') throw error;
      const { message } = toScriptoriumError(error);
      throw new ScriptoriumError('ANSWER_MODEL_UNCOUNTED', `The answer was not counted: ${message}`, {
        cause: error,
      });
    }
  }
}
