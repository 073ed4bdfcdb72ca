/** Questions on a real Temporal server, with passages and a model that the test holds in its hands. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { type InjectedSinks, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { ExtractiveAnswers } from '../../activities/adapters/answers/extractive.ts';
import { createBeginActivities } from '../../activities/begin-answer.ts';
import type { AnswerCaches } from '../../activities/cache/answer-caches.ts';
import { createGenerateActivities } from '../../activities/generate.ts';
import type { AnswerModel, WrittenAnswer } from '../../activities/ports/answer-model.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import type { RetrievedPassages, RetrieveInput } from '../../activities/retrieve.ts';
import { deafSinks } from '../../workers/telemetry/workflow-observer.ts';
import { askInput, taskQueues } from '../../workflows/contract.ts';
import type { EndSinks } from '../../workflows/observe.ts';
import { bookPoints, record } from '../contract/store-fixtures.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { bundleWorkflows, startTemporal } from '../helpers/temporal.ts';

export const TEXT = 'The keeper lit the north lamp at dusk.';

/** A book whose text a test can replace, as an ingestion would. */
export class Shelf {
  readonly store = new MemoryVectorStore();
  readonly catalog = new MemoryCatalog();
  #points: StoredPoint[] = [];

  /** @param texts of its chunks */
  static async of(...texts: readonly string[]): Promise<Shelf> {
    const shelf = new Shelf();
    await shelf.commit('r1', ...texts);
    return shelf;
  }

  async commit(revision: string, ...texts: readonly string[]): Promise<void> {
    const points = bookPoints('book', revision, texts.length);
    this.#points = points.map((point, at) => ({ ...point, text: texts[at] ?? '' }));
    await this.store.upsert(this.#points);
    await this.catalog.put(record('book', { bookId: 'book', revision }));
    await this.store.deleteStale('book', revision);
  }

  /** Each chunk is a hit, or all are one whose first chunk ranked best. */
  found({ joined = false } = {}): RetrievedPassages {
    const ids = this.#points.map(({ id }) => id);
    const groups = joined ? [ids] : ids.map((id) => [id]);
    return {
      hits: groups.map((chunkIds) => ({
        ...{ chunkId: chunkIds[0] ?? '', chunkIds, score: 0.9, similarity: 0.7 },
      })),
      timings: { embed: 1, search: 1 },
    };
  }
}

export interface AskedWorker {
  readonly shelf?: Shelf;
  readonly model?: Partial<AnswerModel>;
  readonly retrieve?: (input: RetrieveInput) => Promise<RetrievedPassages>;
  readonly deadlineMs?: number;
  /** Default: none. */
  readonly caches?: Partial<Pick<AnswerCaches, 'ticket' | 'keep'>>;
  /** Hear how the workflows end. */
  readonly sinks?: InjectedSinks<EndSinks>;
}

export class AnswerFixture implements AsyncDisposable {
  readonly env: TestWorkflowEnvironment;
  readonly #workflowBundle: WorkflowBundleWithSourceMap;

  private constructor(env: TestWorkflowEnvironment, workflowBundle: WorkflowBundleWithSourceMap) {
    this.env = env;
    this.#workflowBundle = workflowBundle;
  }

  static async start(): Promise<AnswerFixture> {
    return new AnswerFixture(...(await Promise.all([startTemporal(), bundleWorkflows()])));
  }

  /** Serves questions while `use` goes on. */
  async serving<T>(asked: AskedWorker, use: () => Promise<T>): Promise<T> {
    const worker = await Worker.create({
      ...{ connection: this.env.nativeConnection, taskQueue: taskQueues.query },
      ...{ workflowBundle: this.#workflowBundle, activities: await this.#activities(asked) },
      ...{
        shutdownGraceTime: '100ms',
        shutdownForceTime: '30s',
        sinks: asked.sinks ?? deafSinks,
        maxHeartbeatThrottleInterval: '50ms',
      },
    });
    return await worker.runUntil(use);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.env.teardown();
  }

  async #activities({ shelf, model, retrieve, deadlineMs = 60_000, ...asked }: AskedWorker) {
    const held = shelf ?? (await Shelf.of(TEXT, TEXT));
    const { store, catalog } = held;
    const extractive = new ExtractiveAnswers();
    const caches = { ...noCaches, ...asked.caches };
    const answerModel = { name: 'a-model', answer: async () => said('Yes.'), ...model };
    return {
      ...createBeginActivities({ answerModel, extractive, deadlineMs, caches }),
      ...createGenerateActivities({ answerModel, extractive, store, catalog, caches }),
      retrieve: retrieve ?? (async () => held.found()),
    };
  }
}

/** Finds and keeps nothing. */
export const noCaches = { find: async () => null, ticket: async () => null, keep: () => {} };

export function said(answer: string, quote = TEXT): WrittenAnswer {
  return { answer, citations: [{ n: 1, quote }], droppedCitations: [], mode: 'model' };
}

export const question = (text: string, more: object = {}) => askInput.parse({ question: text, ...more });

/** Never, or when it is given up. */
export function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}
