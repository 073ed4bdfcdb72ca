/**
 * Answers that were given, by the very question in this process, and by its meaning in the store that all processes share.
 *
 * 1. No look-up believes its entry: each is held against the catalog before it is given (invariant 10).
 * 2. A cache that can't be reached is a miss: it must never keep a question from being answered.
 */
import { LRUCache } from 'lru-cache';
import type { FoundAnswer, KeepTicket, KeptAnswer } from '../../workflows/question-contract.ts';
import type { AnswerCache, AnswerSource, StoredAnswer } from '../ports/answer-cache.ts';
import type { Catalog } from '../ports/catalog.ts';
import type { Embedder } from '../ports/embedder.ts';
import { mayShareAnswer } from '../text/same-question.ts';
import { CacheCounts, type CacheListener } from './cache-counts.ts';
import { type CorpusNow, type Freshness, type FreshnessLimits, freshnessOf } from './freshness.ts';
import { keptAs, keptIn, keyOf } from './kept-answer.ts';
import { SharedUpkeep } from './shared-upkeep.ts';

export interface CacheLimits {
  /** Answers kept in this process; 0 keeps none. */
  readonly exactEntries: number;
  /** Longest time that this process gives one, in milliseconds. */
  readonly exactMaxAgeMs: number;
  /** Answers kept in the store; 0 keeps none. */
  readonly semanticEntries: number;
  /** Longest time that one of the store is given, in milliseconds. */
  readonly semanticMaxAgeMs: number;
  /** Least cosine of two questions that may share an answer. */
  readonly minSimilarity: number;
  /** Longest time that an answer is given while the library grows, in milliseconds. */
  readonly staleMs: number;
}

export interface AnswerCachesOptions {
  readonly limits: CacheLimits;
  readonly catalog: Pick<Catalog, 'get' | 'epoch'>;
  readonly embedder: Pick<Embedder, 'embed'>;
  /** For the questions whose answers are kept: the look for an answer has counted each already. Default: `embedder`. */
  readonly uncounted?: Pick<Embedder, 'embed'> | undefined;
  readonly shared: AnswerCache;
  readonly listener?: CacheListener | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface AskedAs {
  /** Normalised. */
  readonly question: string;
  /** See `scopeOf`. */
  readonly scope: string;
}

/** Near questions that are looked at: the nearest may be of a book that changed, or differ in a name. */
const CANDIDATES = 5;

export class AnswerCaches implements AsyncDisposable {
  readonly exact: CacheCounts;
  readonly semantic: CacheCounts;
  readonly #options: AnswerCachesOptions;
  readonly #now: () => number;
  readonly #answers: LRUCache<string, StoredAnswer> | null;
  readonly #upkeep: SharedUpkeep;

  constructor(options: AnswerCachesOptions) {
    const { limits, shared, listener, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.exact = new CacheCounts('exact', listener);
    this.semantic = new CacheCounts('semantic', listener);
    this.#upkeep = new SharedUpkeep(shared, limits, this.semantic, now);
    const dispose = (_answer: unknown, _key: string, reason: string): void => {
      if (reason === 'evict') this.exact.count('eviction');
    };
    const max = limits.exactEntries;
    this.#answers = max > 0 ? new LRUCache<string, StoredAnswer>({ max, dispose }) : null;
  }

  /** An answer that may be given now, from this process or else from the store; null when there is none. */
  async find(asked: AskedAs): Promise<FoundAnswer | null> {
    return (await this.#findExact(asked)) ?? (await this.#findNear(asked));
  }

  /** Whether this process keeps an answer to it, that may not be one any more: looks at nothing else, and counts nothing. */
  holdsExact({ question, scope }: AskedAs): boolean {
    return this.#answers?.has(keyOf(scope, question)) ?? false;
  }

  /**
   * An answer of this process, for a look that is followed by another where it finds none. It counts nothing, so that each
   * question is counted once: who gives the answer counts the hit.
   */
  async peekExact({ question, scope }: AskedAs): Promise<FoundAnswer | null> {
    const stored = this.#answers?.get(keyOf(scope, question));
    if (!stored) return null;
    const found = await this.#judged(stored, this.#options.limits.exactMaxAgeMs).catch(() => null);
    return found === 'fresh' ? this.#foundFor(question, 'exact', stored) : null;
  }

  async #findExact({ question, scope }: AskedAs): Promise<FoundAnswer | null> {
    const key = keyOf(scope, question);
    const stored = this.#answers?.get(key);
    const maxAgeMs = this.#options.limits.exactMaxAgeMs;
    const found = stored && (await this.#attempt(this.exact, () => this.#judged(stored, maxAgeMs)));
    // It is counted as a failure.
    if (found === null) return null;
    if (stored && found && found !== 'fresh') this.#drop(key, stored);
    if (stored && found === 'fresh')
      return this.#given(this.exact, this.#foundFor(question, 'exact', stored));
    if (found && found !== 'expired') this.exact.count('refusal');
    else this.exact.count('miss');
    return null;
  }

  /** To be taken before the books are searched; null when nothing is kept, or what it needs can't be read. */
  async ticket(scope: string): Promise<KeepTicket | null> {
    const { exactEntries, semanticEntries } = this.#options.limits;
    if (exactEntries === 0 && semanticEntries === 0) return null;
    const atMs = this.#now();
    const epoch = await this.#attempt(this.exact, () => this.#options.catalog.epoch());
    return epoch === null ? null : { scope, epoch, atMs };
  }

  /** Keeps an answer; its way into the store is not waited for. */
  keep(question: string, ticket: KeepTicket, answer: KeptAnswer, sources: readonly AnswerSource[]): void {
    const { scope, epoch, atMs } = ticket;
    const key = keyOf(scope, question);
    const stored = { key, scope, question, answer: keptAs(answer), sources, epoch, madeAtMs: atMs };
    this.#answers?.set(key, stored);
    if (this.#options.limits.semanticEntries === 0) return;
    const { embedder, uncounted = embedder } = this.#options;
    this.#upkeep.inBackground(async () => {
      const [vector] = await uncounted.embed([question], { kind: 'question' });
      if (vector) await this.#upkeep.put(stored, vector);
    });
  }

  /** Answers in this process and in the store. */
  async entries(): Promise<{ readonly exact: number; readonly semantic: number }> {
    return { exact: this.#answers?.size ?? 0, semantic: await this.#options.shared.count() };
  }

  /** Forgets all answers, in every process. Resolves to how many there were in this one and the store. */
  async clear(): Promise<{ readonly exact: number; readonly semantic: number }> {
    const exact = this.#answers?.size ?? 0;
    this.#answers?.clear();
    // What comes meanwhile is of before, too, and refused when it is found: where there are always questions, it never ends.
    await this.#upkeep.settled();
    return { exact, semantic: await this.#options.shared.clear(this.#now()) };
  }

  /** Resolves when everything that was kept before is in the store. */
  async idle(): Promise<void> {
    await this.#upkeep.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.idle();
    await this.#options.shared[Symbol.asyncDispose]();
  }

  async #findNear(asked: AskedAs): Promise<FoundAnswer | null> {
    if (this.#options.limits.semanticEntries === 0) return null;
    const found = await this.#attempt(this.semantic, () => this.#near(asked));
    if (found === null) return null;
    for (const { stored, freshness } of found) {
      if (freshness === 'fresh') {
        this.#answers?.set(keyOf(asked.scope, asked.question), stored);
        return this.#given(this.semantic, this.#foundFor(asked.question, 'semantic', stored));
      }
      this.#upkeep.inBackground(() => this.#options.shared.remove(stored));
    }
    const refused = found.some(({ freshness }) => freshness !== 'expired');
    this.semantic.count(refused ? 'refusal' : 'miss');
    return null;
  }

  /** Entries whose questions mean the same, the nearest first, each with what is to be thought of it. */
  async #near({ question, scope }: AskedAs): Promise<{ stored: StoredAnswer; freshness: Freshness }[]> {
    const { embedder, shared, limits } = this.#options;
    const [vector] = await embedder.embed([question], { kind: 'question' });
    if (!vector) return [];
    const near = (await shared.nearest(vector, scope, CANDIDATES)).filter(
      ({ similarity, stored }) =>
        similarity >= limits.minSimilarity && mayShareAnswer(question, stored.question),
    );
    return await Promise.all(
      near.map(async ({ stored }) => ({
        stored,
        freshness: await this.#judged(stored, limits.semanticMaxAgeMs),
      })),
    );
  }

  async #judged(stored: StoredAnswer, maxAgeMs: number): Promise<Freshness> {
    const answer = keptIn(stored.answer);
    if (!answer) return 'changed';
    const made = { ...stored, cites: answer.citations.length > 0 };
    const limits: FreshnessLimits = { maxAgeMs, staleMs: this.#options.limits.staleMs };
    return freshnessOf(made, await this.#corpusNow(stored.sources), limits);
  }

  async #corpusNow(sources: readonly AnswerSource[]): Promise<CorpusNow> {
    const { catalog, shared } = this.#options;
    const looks = [
      catalog.get(sources.map(({ bookId }) => bookId)),
      catalog.epoch(),
      shared.clearedAtMs(),
    ] as const;
    // No read may outlast the look-up: the store could be closed meanwhile.
    await Promise.allSettled(looks);
    const [books, epoch, clearedAtMs] = await Promise.all(looks);
    const revisions = new Map([...books].map(([bookId, { revision }]) => [bookId, revision]));
    return { revisions, epoch, clearedAtMs, nowMs: this.#now() };
  }

  #given(counts: CacheCounts, found: FoundAnswer | null): FoundAnswer | null {
    if (found) counts.count('hit');
    return found;
  }

  /** What was found by its meaning is kept under the new question too, and is no answer to the same one for that. */
  #foundFor(question: string, by: 'exact' | 'semantic', stored: StoredAnswer): FoundAnswer | null {
    const answer = keptIn(stored.answer);
    const ageMs = Math.max(0, this.#now() - stored.madeAtMs);
    const kind = stored.question === question ? by : 'semantic';
    return answer && { answer, cached: { kind, question: stored.question, ageMs } };
  }

  /** Unless a newer one has taken its place meanwhile. */
  #drop(key: string, stored: StoredAnswer): void {
    if (this.#answers?.peek(key) === stored) this.#answers.delete(key);
  }

  async #attempt<T>(counts: CacheCounts, look: () => Promise<T>): Promise<T | null> {
    try {
      return await look();
    } catch {
      counts.count('failure');
      return null;
    }
  }
}
