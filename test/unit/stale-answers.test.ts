/** Invariant 10: no answer comes from a cache after a book that it was made from has changed or gone. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { LanceAnswerCache } from '../../activities/adapters/lancedb/answer-cache.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { AnswerCaches } from '../../activities/cache/answer-caches.ts';
import type { AnswerSource } from '../../activities/ports/answer-cache.ts';
import {
  bookIdOf,
  closeStores,
  DIMENSIONS,
  record,
  type Stores,
  unitVector,
} from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';

const STALE_MS = 60_000;
const limits = {
  ...{ exactEntries: 3, exactMaxAgeMs: 300_000, semanticEntries: 100, semanticMaxAgeMs: 86_400_000 },
  ...{ minSimilarity: 0.95, staleMs: STALE_MS },
};
const BOOKS = ['alice', 'bob', 'carol'];

/** Questions of the same words are near. */
const embedder = {
  embed: async (texts: readonly string[]): Promise<readonly Float32Array[]> =>
    texts.map((text) => unitVector((text.match(/\w+/g) ?? []).sort().join(' '))),
};

const cited = {
  ...{ title: 'A Title', author: null, page: null, section: [], path: '/library/a.pdf' },
  ...{ chunkId: 'c1', quote: 'Q' },
};

/** The answer of a question is what it was made from. */
const made = z.object({
  sources: z.array(z.object({ bookId: z.string(), revision: z.string() })),
  atMs: z.number(),
});

interface Process {
  readonly stores: Stores;
  readonly caches: AnswerCaches;
}

/** A library of up to three books in two processes, and what is true of it. Question n reads the books whose bit it has. */
class Library {
  readonly folder: TempFolder;
  readonly processes: Process[] = [];
  readonly #revisions = new Map<string, string>();
  clockMs = 1_735_689_600_000;
  #commits = 0;
  #changedAtMs = 0;
  hits = 0;

  constructor(folder: TempFolder) {
    this.folder = folder;
  }

  async open(): Promise<void> {
    const where = { folder: this.folder.path, embedderId: 'model', dimensions: DIMENSIONS };
    const stores = await openLanceStores(where);
    const shared = await LanceAnswerCache.open(where);
    const { catalog } = stores;
    const caches = new AnswerCaches({ limits, catalog, embedder, shared, now: () => this.clockMs });
    this.processes.push({ stores, caches });
  }

  async commit({ stores }: Process, book: number): Promise<void> {
    const name = BOOKS[book] ?? '';
    this.#commits += 1;
    const revision = `r${this.#commits}`;
    await stores.catalog.put(record(name, { revision }));
    this.#revisions.set(name, revision);
    this.#changedAtMs = this.clockMs;
  }

  async remove({ stores }: Process, book: number): Promise<void> {
    const name = BOOKS[book] ?? '';
    await stores.catalog.remove([bookIdOf(name)]);
    this.#revisions.delete(name);
  }

  async ask({ caches }: Process, question: number, reworded: boolean): Promise<void> {
    const asked = reworded ? `questions of the number ${question}` : `the questions of number ${question}`;
    const truth = this.#readBy(question);
    const hit = await caches.find({ question: asked, scope: 'all' });
    if (hit) return this.#expectTrue(hit.answer.answer, truth);
    const ticket = await caches.ticket('all');
    if (!ticket) throw new Error('there is no ticket');
    const answer = JSON.stringify({ sources: truth, atMs: ticket.atMs });
    const citations = truth.map(({ bookId }, index) => ({ ...cited, n: index + 1, bookId }));
    const kept = { answer, citations, droppedCitations: [], mode: 'extractive' } as const;
    caches.keep(asked, ticket, kept, truth);
    // Else what comes next may overtake its way into the store.
    if (question % 2 === 0) await caches.idle();
  }

  async close(): Promise<number> {
    let refusals = 0;
    for (const { stores, caches } of this.processes) {
      refusals += caches.exact.all.refusal + caches.semantic.all.refusal;
      expect(caches.exact.all.failure + caches.semantic.all.failure).toBe(0);
      await caches[Symbol.asyncDispose]();
      await closeStores(stores);
    }
    await this.folder[Symbol.asyncDispose]();
    return refusals;
  }

  #expectTrue(answer: string, truth: readonly AnswerSource[]): void {
    this.hits += 1;
    const { sources, atMs } = made.parse(JSON.parse(answer));
    // All that it was made from is there still, in that very revision.
    for (const source of sources) expect(truth).toContainEqual(source);
    // What it does not know of has come a short while ago at most; an answer from nothing knows of all there is.
    if (sources.length > 0 && this.#changedAtMs > atMs)
      expect(this.clockMs - atMs).toBeLessThanOrEqual(STALE_MS);
    else expect(sources).toHaveLength(truth.length);
  }

  #readBy(question: number): AnswerSource[] {
    return BOOKS.flatMap((name, bit) => {
      const revision = this.#revisions.get(name);
      return revision && (question + 1) & (1 << bit) ? [{ bookId: bookIdOf(name), revision }] : [];
    });
  }
}

const who = fc.constantFrom(0, 1);
const book = fc.nat({ max: BOOKS.length - 1 });
const step = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      who,
      question: fc.nat({ max: 3 }),
      reworded: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const), who, book }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), who, book }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), who, ms: fc.nat({ max: 90_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), who }) },
);

async function take(
  library: Library,
  next: typeof step extends fc.Arbitrary<infer S> ? S : never,
): Promise<void> {
  const process = library.processes[next.who];
  if (!process) throw new Error('there is no such process');
  library.clockMs += 1;
  if (next.do === 'ask') await library.ask(process, next.question, next.reworded);
  if (next.do === 'commit') await library.commit(process, next.book);
  if (next.do === 'remove') await library.remove(process, next.book);
  if (next.do === 'clear') await process.caches.clear();
  if (next.do === 'wait') library.clockMs += next.ms;
}

test('over random histories in two processes no stale answer is given', async () => {
  let hits = 0;
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const library = new Library(await tempFolder());
      await library.open();
      await library.open();
      for (const next of steps) await take(library, next);
      hits += library.hits;
      refusals += await library.close();
    }),
    { numRuns: 25, endOnFailure: true },
  );
  // Histories without a hit or a refusal would prove nothing.
  expect(hits).toBeGreaterThan(50);
  expect(refusals).toBeGreaterThan(10);
}, 120_000);
