/** What answers may cost on a day: counted before and after each, for all processes together. */
import { randomUUID } from 'node:crypto';
import { ScriptoriumError } from './errors.ts';
import type { TokenUsage } from './ports/answer-model.ts';
import type { UsageEntry, UsageLedger } from './ports/usage-ledger.ts';
import { within } from './within.ts';

export interface AnswerPrices {
  /** Hundredths of a currency for a million tokens that the model reads. */
  readonly inputCents: number;
  /** The same for those that it writes. */
  readonly outputCents: number;
}

export interface AnswerCaps {
  /** Tokens, read and written, of a day; null when there is no cap. */
  readonly tokensPerDay: number | null;
  readonly centsPerDay: number | null;
}

export interface AnswerBudgetOptions {
  readonly ledger: UsageLedger;
  readonly prices: AnswerPrices;
  readonly caps: AnswerCaps;
  /** Hears of each entry that the ledger did not take; it goes out with the next one. */
  readonly onUnwritten?: ((error: unknown) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Tokens and cost of a day. */
export type DayUsage = Omit<UsageEntry, 'writer'>;

/** An answer that is being written; its most possible tokens are counted until what it really took is known. */
export interface Reservation {
  readonly day: string;
  readonly most: TokenUsage;
}

/** Longest time that an answer which is finished waits for the ledger. */
const SETTLE_MS = 1_000;

export class AnswerBudget implements AsyncDisposable {
  readonly #options: AnswerBudgetOptions;
  readonly #now: () => number;
  readonly #writer = randomUUID();
  /** What this process has told of a day. */
  readonly #mine = new Map<string, UsageEntry>();
  /** Days whose latest entry the ledger has not taken. */
  readonly #unwritten = new Set<string>();
  #written: Promise<void> = Promise.resolve();

  constructor(options: AnswerBudgetOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Counts what an answer may take at most. It is written first and then added up, so that two processes at the same
   * moment may both be refused, and are never both let through what only one could have. What is not granted, for whatever
   * reason, is not counted: nobody would ever settle it.
   * @throws ScriptoriumError ANSWER_BUDGET_SPENT, and what the ledger throws
   */
  async reserve(most: TokenUsage): Promise<Reservation> {
    const day = this.#today();
    const { tokensPerDay, centsPerDay } = this.#options.caps;
    if (tokensPerDay === null && centsPerDay === null) return { day, most: NOTHING };
    this.#count(day, most, 0);
    let over: string | null;
    try {
      await this.#write(day);
      over = overCap(await this.of(day), this.#options.caps);
    } catch (error) {
      this.#count(day, negative(most), 0);
      // In the background: a store that is away has kept this question waiting once.
      void this.#tell(day);
      throw error;
    }
    if (over === null) return { day, most };
    this.#count(day, negative(most), 0);
    await this.#tell(day);
    throw new ScriptoriumError('ANSWER_BUDGET_SPENT', `One more answer would pass the ${over} of ${day}`);
  }

  /**
   * What the answer took instead of what was reserved. The answer is there and paid for, so that no failure of the ledger may
   * take it away: the number stays here, and goes out with the next write.
   * @param answers 0 when none came of it
   */
  async settle({ day, most }: Reservation, taken: TokenUsage, answers: 0 | 1 = 1): Promise<void> {
    const inputTokens = taken.inputTokens - most.inputTokens;
    const outputTokens = taken.outputTokens - most.outputTokens;
    this.#count(day, { inputTokens, outputTokens }, answers);
    await within(SETTLE_MS, this.#tell(day));
  }

  costCents({ inputTokens, outputTokens }: TokenUsage): number {
    const { inputCents, outputCents } = this.#options.prices;
    return (inputTokens * inputCents + outputTokens * outputCents) / 1_000_000;
  }

  /** What all processes have told of a day; of today when none is named. */
  async of(day: string = this.#today()): Promise<DayUsage> {
    const entries = await this.#options.ledger.of(day);
    const sum = (of: (entry: UsageEntry) => number): number =>
      entries.reduce((all, entry) => all + of(entry), 0);
    return {
      ...{ day, answers: sum(({ answers }) => answers), costCents: sum(({ costCents }) => costCents) },
      inputTokens: sum(({ inputTokens }) => inputTokens),
      outputTokens: sum(({ outputTokens }) => outputTokens),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#written.catch(() => {});
    const [day] = this.#unwritten;
    if (day !== undefined) await within(SETTLE_MS, this.#tell(day));
    await this.#options.ledger[Symbol.asyncDispose]();
  }

  #today(): string {
    return new Date(this.#now()).toISOString().slice(0, 10);
  }

  #count(day: string, { inputTokens, outputTokens }: TokenUsage, answers: number): void {
    const before = this.#mine.get(day);
    const tokens = {
      inputTokens: (before?.inputTokens ?? 0) + inputTokens,
      outputTokens: (before?.outputTokens ?? 0) + outputTokens,
    };
    const entry: UsageEntry = {
      ...{ day, writer: this.#writer, ...tokens, costCents: this.costCents(tokens) },
      answers: (before?.answers ?? 0) + answers,
    };
    // Days that are over are not added to any more, but for answers around midnight.
    for (const known of this.#mine.keys())
      if (known < day && this.#mine.size > 2 && !this.#unwritten.has(known)) this.#mine.delete(known);
    this.#mine.set(day, entry);
  }

  /** Writes, and does not mind when it can't. */
  async #tell(day: string): Promise<void> {
    await this.#write(day).catch((error: unknown) => this.#options.onUnwritten?.(error));
  }

  /** One after the other: an older entry must not overtake a newer one on its way. */
  async #write(day: string): Promise<void> {
    const write = async (): Promise<void> => {
      for (const each of new Set([day, ...this.#unwritten])) await this.#put(each);
    };
    const written = this.#written.then(write, write);
    this.#written = written;
    await written;
  }

  async #put(day: string): Promise<void> {
    const latest = this.#mine.get(day);
    // Before it is written: what is counted meanwhile has a write of its own.
    this.#unwritten.delete(day);
    try {
      if (latest) await this.#options.ledger.put(latest);
    } catch (error) {
      this.#unwritten.add(day);
      throw error;
    }
  }
}

const NOTHING: TokenUsage = { inputTokens: 0, outputTokens: 0 };

function negative({ inputTokens, outputTokens }: TokenUsage): TokenUsage {
  return { inputTokens: -inputTokens, outputTokens: -outputTokens };
}

function overCap(usage: DayUsage, { tokensPerDay, centsPerDay }: AnswerCaps): string | null {
  if (tokensPerDay !== null && usage.inputTokens + usage.outputTokens > tokensPerDay)
    return `${tokensPerDay.toLocaleString('en')} tokens`;
  if (centsPerDay !== null && usage.costCents > centsPerDay)
    return `${(centsPerDay / 100).toLocaleString('en')} of cost`;
  return null;
}
