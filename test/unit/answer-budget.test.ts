/** Tokens and cost of answers: counted by day over all processes, and refused when a cap would be passed. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LanceUsageLedger } from '../../activities/adapters/lancedb/usage-ledger.ts';
import { AnswerBudget, type AnswerCaps } from '../../activities/answer-budget.ts';
import { BudgetedAnswers } from '../../activities/budgeted-answers.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { TokenUsage, WriteOptions, WrittenAnswer } from '../../activities/ports/answer-model.ts';
import type { UsageEntry, UsageLedger } from '../../activities/ports/usage-ledger.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

class MemoryLedger implements UsageLedger {
  readonly entries = new Map<string, UsageEntry>();
  /** Called before each call of the store; what it throws is the store's answer. */
  refuse: (call: 'put' | 'of') => Promise<void> = async () => {};

  async put(entry: UsageEntry): Promise<void> {
    await this.refuse('put');
    this.entries.set(`${entry.day} ${entry.writer}`, entry);
  }

  async of(day: string): Promise<readonly UsageEntry[]> {
    await this.refuse('of');
    return [...this.entries.values()].filter((entry) => entry.day === day);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const NO_CAPS: AnswerCaps = { tokensPerDay: null, centsPerDay: null };
const prices = { inputCents: 15, outputCents: 60 };
const tokens = (inputTokens: number, outputTokens: number): TokenUsage => ({ inputTokens, outputTokens });
const budgetOf = (ledger: UsageLedger, caps: Partial<AnswerCaps> = {}, now: () => number = Date.now) =>
  new AnswerBudget({ ledger, prices, caps: { ...NO_CAPS, ...caps }, now });

describe('a budget', () => {
  test('counts tokens, cost and answers of a day, over all processes, ended ones too', async () => {
    await using folder = await tempFolder();
    for (const _ of [1, 2]) {
      await using budget = budgetOf(await LanceUsageLedger.open(folder.path));
      for (const each of [tokens(1_000_000, 0), tokens(0, 500_000)])
        await budget.settle(await budget.reserve(tokens(9, 9)), each);
    }
    await using budget = budgetOf(await LanceUsageLedger.open(folder.path));
    expect(await budget.of()).toMatchObject({
      ...{ answers: 4, inputTokens: 2_000_000, outputTokens: 1_000_000, costCents: 90 },
    });
  });

  test('refuses what would pass the tokens of the day, and counts nothing for it', async () => {
    const budget = budgetOf(new MemoryLedger(), { tokensPerDay: 1_000 });
    await budget.settle(await budget.reserve(tokens(600, 300)), tokens(500, 100));
    await expect(budget.reserve(tokens(300, 101))).rejects.toMatchObject({
      code: 'ANSWER_BUDGET_SPENT',
      message: expect.stringContaining('1,000 tokens'),
    });
    expect(await budget.of()).toMatchObject({ answers: 1, inputTokens: 500, outputTokens: 100 });
    await budget.reserve(tokens(300, 100));
  });

  test('refuses what would pass the cost of the day', async () => {
    const budget = budgetOf(new MemoryLedger(), { centsPerDay: 30 });
    await budget.reserve(tokens(2_000_000, 0));
    await expect(budget.reserve(tokens(0, 1))).rejects.toMatchObject({ code: 'ANSWER_BUDGET_SPENT' });
  });

  test('begins anew at midnight UTC', async () => {
    let nowMs = Date.UTC(2026, 0, 31, 23, 59, 59);
    const budget = budgetOf(new MemoryLedger(), { tokensPerDay: 100 }, () => nowMs);
    const late = await budget.reserve(tokens(100, 0));
    await expect(budget.reserve(tokens(1, 0))).rejects.toMatchObject({
      message: expect.stringContaining('2026-01-31'),
    });
    nowMs += 1_000;
    await budget.reserve(tokens(100, 0));
    await budget.settle(late, tokens(40, 0));
    expect(await budget.of('2026-01-31')).toMatchObject({ inputTokens: 40 });
    expect(await budget.of()).toMatchObject({ day: '2026-02-01', inputTokens: 100 });
  });

  test.each(['put', 'of'] as const)('takes back what it could not grant for want of %s', async (failing) => {
    const ledger = new MemoryLedger();
    const budget = budgetOf(ledger, { tokensPerDay: 100 });
    ledger.refuse = async (call) => {
      if (call === failing) throw new Error('the store is away');
    };
    await expect(budget.reserve(tokens(100, 0))).rejects.toThrow('the store is away');
    ledger.refuse = async () => {};
    await budget.reserve(tokens(100, 0));
    expect(await budget.of()).toMatchObject({ inputTokens: 100 });
  });

  test('tells at its end what the store would not take before', async () => {
    const ledger = new MemoryLedger();
    const refused: unknown[] = [];
    const onUnwritten = (error: unknown): void => void refused.push(error);
    {
      await using budget = new AnswerBudget({ ledger, prices, caps: NO_CAPS, onUnwritten });
      const reserved = await budget.reserve(tokens(9, 9));
      ledger.refuse = async () => {
        throw new Error('the store is away');
      };
      await budget.settle(reserved, tokens(7, 1));
      expect(refused).toEqual([new Error('the store is away')]);
      ledger.refuse = async () => {};
    }
    expect([...ledger.entries.values()]).toMatchObject([{ answers: 1, inputTokens: 7, outputTokens: 1 }]);
  });

  test('is never passed, whatever is asked at once in several processes', async () => {
    const asked = fc.array(fc.record({ who: fc.nat({ max: 2 }), most: fc.integer({ min: 1, max: 60 }) }), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(asked, fc.integer({ min: 1, max: 200 }), async (questions, cap) => {
        const ledger = new MemoryLedger();
        const budgets = [1, 2, 3].map(() => budgetOf(ledger, { tokensPerDay: cap }));
        let granted = 0;
        await Promise.all(
          questions.map(async ({ who, most }) => {
            const reserved = await budgets[who]?.reserve(tokens(most, 0)).catch(() => null);
            if (reserved) granted += most;
          }),
        );
        expect(granted).toBeLessThanOrEqual(cap);
        expect(await budgets[0]?.of()).toMatchObject({ inputTokens: granted });
      }),
    );
  });
});

describe('an answer', () => {
  const modelThat = (
    answer: (
      onText?: (text: string) => void,
      onTaken?: (usage: TokenUsage | null) => void,
    ) => Promise<WrittenAnswer>,
  ) => ({
    name: 'a-model',
    mostTokens: () => tokens(200, 600),
    answer: (_: string, __: readonly object[], { onText, onTaken }: WriteOptions = {}) =>
      answer(onText, onTaken),
  });
  const said = (usage?: TokenUsage): WrittenAnswer => ({
    ...{ answer: 'Yes [1].', citations: [], droppedCitations: [] },
    ...{ mode: 'model', ...(usage && { usage }) },
  });

  test('tells its tokens and its cost, and they are counted', async () => {
    const budget = budgetOf(new MemoryLedger());
    const model = new BudgetedAnswers(
      modelThat(async () => said(tokens(100_000, 10_000))),
      budget,
    );
    const { usage } = await model.answer('Who?', []);
    expect(usage).toEqual({ inputTokens: 100_000, outputTokens: 10_000, costCents: 2.1 });
    expect(await budget.of()).toMatchObject({ answers: 1, inputTokens: 100_000, costCents: 2.1 });
  });

  test('is not asked of the model when the day’s tokens are used up', async () => {
    let calls = 0;
    const asked = modelThat(async () => {
      calls += 1;
      return said(tokens(1, 1));
    });
    const model = new BudgetedAnswers(asked, budgetOf(new MemoryLedger(), { tokensPerDay: 700 }));
    await expect(model.answer('Who?', [])).rejects.toMatchObject({ code: 'ANSWER_BUDGET_SPENT' });
    expect(calls).toBe(0);
  });

  test.each([
    ['is full', new ScriptoriumError('DISK_FULL', 'No space is left in the store')],
    ['fails', new Error('No space is left in the store')],
  ])(
    'is not asked of the model when the disk %s, for a reason with which the books are quoted',
    async (_, reason) => {
      const ledger = new MemoryLedger();
      ledger.refuse = async () => {
        throw reason;
      };
      const asked = modelThat(async () => {
        throw new Error('it was asked');
      });
      const model = new BudgetedAnswers(asked, budgetOf(ledger, { tokensPerDay: 7_000_000 }));
      await expect(model.answer('Who?', [])).rejects.toMatchObject({
        code: 'ANSWER_MODEL_UNCOUNTED',
        message: expect.stringContaining('No space is left'),
        retryable: true,
      });
    },
  );

  test('is given though the store will not count it, and is counted with the next', async () => {
    const ledger = new MemoryLedger();
    const budget = budgetOf(ledger);
    let calls = 0;
    const asked = modelThat(async () => {
      calls += 1;
      return said(tokens(10, 1));
    });
    const model = new BudgetedAnswers(asked, budget);
    ledger.refuse = async () => {
      throw new Error('the store is away');
    };
    expect(await model.answer('Who?', [])).toMatchObject({ answer: 'Yes [1].' });
    expect(calls).toBe(1);
    ledger.refuse = async () => {};
    await model.answer('Who?', []);
    expect(await budget.of()).toMatchObject({ answers: 2, inputTokens: 20, outputTokens: 2 });
  });

  test('does not wait for a store that hangs', async () => {
    const ledger = new MemoryLedger();
    const model = new BudgetedAnswers(
      modelThat(async () => said(tokens(10, 1))),
      budgetOf(ledger),
    );
    const { promise: away, resolve: back } = Promise.withResolvers<void>();
    ledger.refuse = () => away;
    expect(await model.answer('Who?', [])).toMatchObject({ answer: 'Yes [1].' });
    back();
  });

  test('that came to nothing costs what the endpoint counted, or else what it was sent', async () => {
    for (const [counted, outputTokens] of [
      [tokens(50, 600), 600],
      [null, 0],
    ] as const) {
      const budget = budgetOf(new MemoryLedger());
      const asked = modelThat(async (_, onTaken) => {
        onTaken?.(null);
        if (counted) onTaken?.(counted);
        throw new Error('an empty answer');
      });
      await expect(new BudgetedAnswers(asked, budget).answer('Who?', [])).rejects.toThrow('empty');
      const { inputTokens } = counted ?? asked.mostTokens();
      expect(await budget.of()).toMatchObject({ answers: 0, inputTokens, outputTokens });
    }
  });

  test('that never began costs nothing, and one that broke off what it may have taken', async () => {
    const budget = budgetOf(new MemoryLedger(), { tokensPerDay: 10_000 });
    const broken = (said: string) =>
      new BudgetedAnswers(
        modelThat(async (onText) => {
          if (said) onText?.(said);
          throw new Error('out of order');
        }),
        budget,
      );
    await expect(broken('').answer('Who?', [])).rejects.toThrow('out of order');
    expect(await budget.of()).toMatchObject({ answers: 0, inputTokens: 0, outputTokens: 0 });
    await expect(broken('The keeper').answer('Who?', [])).rejects.toThrow('out of order');
    expect(await budget.of()).toMatchObject({ answers: 0, inputTokens: 200, outputTokens: 10 });
  });
});
