/**
 * A process that answers questions and takes in books, step by step as it is told: what a worker's activities do, in any order
 * with those of another worker. `cached-answers.test.ts` starts it.
 */

import { ExtractiveAnswers } from '../../activities/adapters/answers/extractive.ts';
import { LanceAnswerCache } from '../../activities/adapters/lancedb/answer-cache.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { createBeginActivities } from '../../activities/begin-answer.ts';
import { AnswerCaches } from '../../activities/cache/answer-caches.ts';
import { createGenerateActivities, type GenerateInput } from '../../activities/generate.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';
import { createRetrieveActivities } from '../../activities/retrieve.ts';
import type { KeepTicket } from '../../workflows/question-contract.ts';
import { resultOf } from '../helpers/run-activity.ts';
import { type Order, order, type Reply } from './answering-orders.ts';
import { bookIdOf, bookPoints, closeStores, DIMENSIONS, record, unitVector } from './store-fixtures.ts';

const limits = {
  ...{ exactEntries: 3, exactMaxAgeMs: 300_000, semanticEntries: 100, semanticMaxAgeMs: 86_400_000 },
  ...{ minSimilarity: 0.95, staleMs: 60_000 },
};

/** Texts of the same words are near. */
const embedder: Embedder = {
  ...{ id: 'model', dimensions: DIMENSIONS, maxTokens: 256 },
  embed: async (texts) => texts.map((text) => unitVector((text.match(/\w+/g) ?? []).sort().join(' '))),
  [Symbol.asyncDispose]: async () => {},
};

/** No two share three words in a row, so that none is taken for another. */
const textOf = (name: string, revision: string): string => `The lighthouse ${name} ${revision} was built.`;

type Process = Awaited<ReturnType<typeof opened>>;

async function opened(folder: string) {
  const where = { folder, embedderId: embedder.id, dimensions: DIMENSIONS };
  const stores = await openLanceStores(where);
  await stores.catalog.putLibrary({ library: 'default', embedderId: embedder.id, dimensions: DIMENSIONS });
  const shared = await LanceAnswerCache.open(where);
  const caches = new AnswerCaches({ limits, catalog: stores.catalog, embedder, shared });
  const extractive = new ExtractiveAnswers();
  const models = { answerModel: extractive, extractive };
  return {
    ...{ stores, caches, questions: new Map<number, Open>() },
    ...createBeginActivities({ deadlineMs: 60_000, ...models, caches }),
    ...createRetrieveActivities({ embedder, ...stores }),
    ...createGenerateActivities({ ...models, ...stores, caches }),
  };
}

/** A question that is worked on. */
interface Open {
  readonly keep: KeepTicket | null;
  readonly chunkIds: readonly string[];
  readonly onChange: NonNullable<GenerateInput['onChange']>;
}

type Step = Extract<Order, { question: string }>;
type Answered = Pick<Reply, 'quotes' | 'cached'>;

const NOT_YET: Answered = { quotes: null, cached: null };

async function step(process: Process, { do: what, n, question }: Step): Promise<Answered> {
  const { questions } = process;
  if (what === 'begin') {
    const { found, keep } = await resultOf(process.beginAnswer, { question });
    if (found) return { quotes: quotesOf(found.answer), cached: found.cached.kind };
    questions.set(n, { keep, chunkIds: [], onChange: 'tell' });
    return NOT_YET;
  }
  const open = questions.get(n);
  if (!open) throw new Error(`question ${n} was not begun`);
  if (what === 'retrieve') {
    const { hits } = await resultOf(process.retrieve, { query: question, topK: 5 });
    questions.set(n, { ...open, chunkIds: hits.map(({ chunkId }) => chunkId) });
    return NOT_YET;
  }
  const writing = await resultOf(process.quoteAnswer, { question, ...open });
  if (!('sourcesChanged' in writing)) return { quotes: quotesOf(writing), cached: null };
  questions.set(n, { ...open, keep: null, onChange: 'leave-out' });
  return NOT_YET;
}

function quotesOf({ citations }: { readonly citations: readonly { readonly quote: string }[] }): string[] {
  return citations.map(({ quote }) => quote);
}

async function act(process: Process, next: Exclude<Order, Step>): Promise<void> {
  const { store, catalog } = process.stores;
  if (next.do === 'clear') await process.caches.clear();
  if (next.do === 'idle') await process.caches.idle();
  if (!('name' in next)) return;
  const bookId = bookIdOf(next.name);
  if (next.do === 'takeOut') await catalog.remove([bookId]);
  if (next.do === 'deletePoints') await store.delete(bookId);
  if (!('revision' in next)) return;
  const { revision, name } = next;
  if (next.do === 'upsert')
    await store.upsert(bookPoints(bookId, revision, 1, { text: textOf(name, revision), title: 'T' }));
  if (next.do === 'commit') await catalog.put(record(name, { revision, chunks: 1 }));
  if (next.do === 'dropStale') await store.deleteStale(bookId, revision);
}

let current: Process | null = null;

async function obey(next: Order): Promise<Reply> {
  if (next.do === 'open') current = await opened(next.folder);
  if (!current) throw new Error('the store is not open');
  const { caches, stores } = current;
  const answered = 'question' in next ? await step(current, next) : await act(current, next);
  if (next.do === 'close') {
    await caches[Symbol.asyncDispose]();
    await closeStores(stores);
    current = null;
  }
  const { exact, semantic } = caches;
  const refusals = exact.all.refusal + semantic.all.refusal;
  return { ...NOT_YET, ...answered, refusals, failures: exact.all.failure + semantic.all.failure };
}

process.on('message', (message) => {
  obey(order.parse(message)).then(
    (done) => process.send?.({ done }),
    (error) => process.send?.({ failed: String(error?.stack ?? error) }),
  );
});
process.on('disconnect', () => process.exit(0));
