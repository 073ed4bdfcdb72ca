/** Questions of the process that holds model and store: how long they may take, and what is counted of them. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { LanceAnswerCache } from '../../activities/adapters/lancedb/answer-cache.ts';
import { AnswerCaches } from '../../activities/cache/answer-caches.ts';
import { scopeOf } from '../../activities/cache/kept-answer.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { QueryEnd } from '../../activities/ports/telemetry.ts';
import { type DeskParts, QuestionDesk } from '../../workers/question-desk.ts';
import { askInput } from '../../workflows/contract.ts';
import type { Answer } from '../../workflows/result-contract.ts';
import { bookIdOf, bookPoints, DIMENSIONS, record, unitVector } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { noClient } from '../helpers/no-client.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const never = <T>(): Promise<T> => new Promise(() => {});
const embedder = {
  ...{ id: 'model', dimensions: DIMENSIONS, maxTokens: 256 },
  embed: async (texts: readonly string[]) => texts.map((text) => unitVector(text)),
  [Symbol.asyncDispose]: async () => {},
};
const written: Answer = {
  ...{ answer: 'By Alice [1].', citations: [], droppedCitations: [], mode: 'extractive' },
  ...{ timings: {}, workflowId: 'answerQuestion/1' },
};

/** A desk over one book, whose workflows answer at once; with what it counted. */
async function openDesk(deadlineMs: number) {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await tempFolder());
  const catalog = new MemoryCatalog();
  await catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: DIMENSIONS });
  await catalog.put(record('alice'));
  const store = new MemoryVectorStore(100);
  await store.upsert(bookPoints(bookIdOf('alice'), 'r1', 3));
  const looks: string[] = [];
  const shared = await LanceAnswerCache.open({
    folder: folder.path,
    embedderId: 'model',
    dimensions: DIMENSIONS,
  });
  const caches = new AnswerCaches({
    limits: {
      ...{ exactEntries: 3, exactMaxAgeMs: 300_000, semanticEntries: 0, semanticMaxAgeMs: 86_400_000 },
      ...{ minSimilarity: 0.95, staleMs: 60_000 },
    },
    ...{ catalog, embedder, shared },
    listener: (cache, result) => looks.push(`${cache} ${result}`),
  });
  opened.use(caches);
  const ends: QueryEnd[] = [];
  const stages: string[] = [];
  const retrieved: number[] = [];
  const parts: DeskParts = {
    ...{ catalog, store, embedder, caches, deadlineMs },
    ...{ answerModel: { name: 'extractive' }, extractive: { name: 'extractive' } },
    meter: {
      query: (end) => void ends.push(end),
      retrieved: (passages) => void retrieved.push(passages),
      cache: () => {},
    },
    observe: async (stage, work) => {
      stages.push(`${stage} begins`);
      return await work().finally(() => stages.push(`${stage} ends`));
    },
  };
  const started = jest.spyOn(noClient.workflow, 'start').mockImplementation(async () => {
    stages.push('workflow');
    return {
      ...noClient.workflow.getHandle('answerQuestion/1'),
      ...{ firstExecutionRunId: 'r', eagerlyStarted: false, result: async () => written },
    };
  });
  const owned = opened.move();
  return {
    ...{ desk: new QuestionDesk(parts, noClient), caches, catalog, store },
    ...{ looks, ends, stages, retrieved, started },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Desk = Awaited<ReturnType<typeof openDesk>>;

/** As a workflow of the question would. */
async function keep({ caches }: Pick<Desk, 'caches'>, question: string): Promise<void> {
  const { question: _, ...filters } = askInput.parse({ question });
  const ticket = await caches.ticket(scopeOf(filters, 'extractive'));
  if (!ticket) throw new Error('there is no ticket');
  const sources = [{ bookId: bookIdOf('alice'), revision: 'r1' }];
  caches.keep(question, ticket, written, sources);
  await caches.idle();
}

describe('an answer that this process keeps', () => {
  test('is given without a workflow, and counted as a hit', async () => {
    await using given = await openDesk(60_000);
    await keep(given, 'Who?');
    expect(await given.desk.ask({ question: 'Who?' })).toMatchObject({ cached: { kind: 'exact' } });
    expect(given.started).not.toHaveBeenCalled();
    expect(given.looks).toEqual(['exact hit']);
    expect(given.stages).toEqual(['answer begins', 'cache begins', 'cache ends', 'answer ends']);
  });

  test('is looked for without a trace where there is none: the workflow is the root of its own', async () => {
    await using given = await openDesk(60_000);
    await given.desk.ask({ question: 'Who?' });
    expect(given.stages).toEqual(['workflow']);
  });

  test('is passed over when the store hangs for a tenth of the deadline', async () => {
    await using given = await openDesk(60_000);
    await keep(given, 'Who?');
    const catalog = jest.spyOn(given.catalog, 'get').mockImplementation(never);
    // Settings of time make no other question.
    const answer = await given.desk.ask({ question: 'Who?', deadlineMs: 1_000 });
    expect(catalog).toHaveBeenCalled();
    expect(answer.cached).toBeUndefined();
    // The look that hung is seen, and the workflow stands below the same root.
    expect(given.stages).toEqual([
      'answer begins',
      ...['cache begins', 'cache ends', 'workflow'],
      'answer ends',
    ]);
    catalog.mockRestore();
  });

  test('and is refused is counted once, by the workflow that looks again', async () => {
    await using given = await openDesk(60_000);
    await keep(given, 'Who?');
    await given.catalog.put(record('alice', { revision: 'r2' }));
    await given.desk.ask({ question: 'Who?' });
    expect(given.looks).toEqual([]);
    const { question: _, ...filters } = askInput.parse({ question: 'Who?' });
    expect(await given.caches.find({ question: 'Who?', scope: scopeOf(filters, 'extractive') })).toBeNull();
    expect(given.looks).toEqual(['exact refusal']);
  });
});

describe('a search', () => {
  test('is counted with its passages', async () => {
    await using given = await openDesk(60_000);
    const { hits } = await given.desk.search({ query: 'passage' });
    expect(given.retrieved).toEqual([hits.length]);
    expect(given.ends).toMatchObject([{ kind: 'search', outcome: 'done', results: hits.length }]);
  });

  test('over a store that hangs ends at the deadline, with a code', async () => {
    await using given = await openDesk(50);
    given.store.search = never;
    await expect(given.desk.search({ query: 'passage' })).rejects.toMatchObject({ code: 'QUESTION_TIMEOUT' });
    expect(given.ends).toMatchObject([{ outcome: 'failed', code: 'QUESTION_TIMEOUT' }]);
    expect(given.retrieved).toEqual([]);
    // The log of slow questions tells where the time went: the words were found, and the vectors never.
    const { embed, lexical = Number.NaN, dense = Number.NaN, ...later } = given.ends[0]?.timings ?? {};
    expect(embed).toBeGreaterThanOrEqual(0);
    expect(lexical).toBeLessThan(dense);
    expect(later).toEqual({});
  });

  test('that fails is counted with the times of the stages that it came to', async () => {
    await using given = await openDesk(60_000);
    given.store.search = async () => {
      throw new ScriptoriumError('STORE_UNREACHABLE', 'The store is away');
    };
    await expect(given.desk.search({ query: 'passage', mode: 'dense' })).rejects.toThrow('away');
    expect(given.ends).toMatchObject([{ outcome: 'failed', code: 'STORE_UNREACHABLE' }]);
    expect(Object.keys(given.ends[0]?.timings ?? {})).toEqual(['embed', 'dense']);
  });

  test('is given up with its signal', async () => {
    await using given = await openDesk(60_000);
    given.store.search = never;
    const asker = new AbortController();
    const searching = given.desk.search({ query: 'passage' }, asker.signal);
    asker.abort(new Error('enough'));
    await expect(searching).rejects.toThrow('enough');
    expect(given.ends).toMatchObject([{ outcome: 'cancelled', code: null }]);
  });
});
