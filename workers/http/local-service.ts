/** What the ways in ask, answered by the process that holds the stores and the model; only what lasts goes through Temporal. */
import type { Client } from '@temporalio/client';
import { catalogPage, summaryOf } from '../../activities/catalog.ts';
import { ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import type { BookRecord } from '../../activities/ports/catalog.ts';
import { readChunks, readPage } from '../../activities/read-book.ts';
import type { TextListener } from '../../client/ask.ts';
import type { BookDetail, BooksQuery, ChunkPage, PageOfBook } from '../../client/http/contract.ts';
import type { LibraryScope } from '../../client/http/principal.ts';
import type { Run, RunAction, Service } from '../../client/http/service.ts';
import type { ScriptoriumClient } from '../../client/index.ts';
import { addJob, assertRoom, type JobOptions, job, type LibraryJob } from '../../client/jobs.ts';
import { runOf, runsNow, steerRun } from '../../client/run-service.ts';
import type { Part } from '../../client/stack-state.ts';
import { titledBooks } from '../../client/titled-books.ts';
import type { Explanation } from '../../client/upkeep.ts';
import type { AskInput, SearchInput } from '../../workflows/contract.ts';
import type { Answer, BookPage, SearchResult } from '../../workflows/result-contract.ts';
import type { Steered } from '../../workflows/run-contract.ts';
import type { RemovedBook } from '../../workflows/upkeep-contract.ts';
import type { Parts } from '../parts.ts';
import type { QuestionDesk } from '../question-desk.ts';

export interface LocalServiceOptions {
  readonly desk: QuestionDesk;
  readonly parts: Parts;
  /** On the connection of this process's worker. */
  readonly temporal: Client;
  readonly client: ScriptoriumClient;
}

/** Health is asked by whoever likes; the parts are asked so often at most. */
const HEALTH_EVERY_MS = 1_000;
/** A part that does not answer in this time is not well. */
const HEALTH_TIMEOUT_MS = 5_000;
/** Whoever asks over HTTP is told after this long that a removal waits for a worker. */
const REMOVE_TIMEOUT_MS = 60_000;
/** Records that are read from the catalog at once while a title is looked for. */
const LOOKED_THROUGH = 500;

export class LocalService implements Service {
  readonly #options: LocalServiceOptions;
  #health: { readonly atMs: number; readonly parts: Promise<readonly HealthPart[]> } | null = null;

  constructor(options: LocalServiceOptions) {
    this.#options = options;
  }

  ask(
    input: AskInput,
    { onText, signal }: { onText?: TextListener; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    return this.#options.desk.ask(input, { onText, signal });
  }

  search(input: SearchInput, { signal }: { signal?: AbortSignal } = {}): Promise<SearchResult> {
    return this.#options.desk.search(input, signal);
  }

  async libraries(): Promise<readonly string[]> {
    const records = await this.#options.parts.catalog.listLibraries();
    return records.map(({ library }) => library);
  }

  async books({
    library,
    libraries,
    state,
    title,
    after,
    limit,
  }: BooksQuery & LibraryScope): Promise<BookPage> {
    const query = { library, libraries, state };
    if (title === undefined) return await catalogPage(this.#options.parts, { ...query, after, limit });
    return await titledBooks({ title, limit, after }, (from) =>
      catalogPage(this.#options.parts, { ...query, after: from, limit: LOOKED_THROUGH }),
    );
  }

  async book(bookId: string): Promise<BookDetail> {
    const record = await this.#record(bookId);
    const { format, sha256, bytes, mtimeMs, updatedAtMs, revision } = record;
    const points = revision === null ? 0 : await this.#options.parts.store.count(bookId, revision);
    return { ...summaryOf(record), format, sha256, bytes, mtimeMs, points, updatedAtMs };
  }

  page(bookId: string, n: number): Promise<PageOfBook> {
    return readPage(this.#options.parts, bookId, n);
  }

  chunks(bookId: string, after: number, limit: number): Promise<ChunkPage> {
    return readChunks(this.#options.parts, bookId, after, limit);
  }

  remove(bookId: string): Promise<RemovedBook> {
    return this.#options.client.remove(bookId, { deadlineMs: REMOVE_TIMEOUT_MS });
  }

  explain(id: string): Promise<Explanation> {
    return this.#options.client.explain(id);
  }

  assertRoom(library: string): Promise<void> {
    return assertRoom(this.#options.temporal, library);
  }

  addJob(library: string, paths: readonly string[], options: JobOptions): Promise<LibraryJob> {
    return addJob(this.#options.temporal, library, paths, options);
  }

  job(jobId: string): Promise<LibraryJob> {
    return job(this.#options.temporal, jobId);
  }

  runs(): Promise<readonly Run[]> {
    return runsNow(this.#options.client);
  }

  run(library: string): Promise<Run> {
    return runOf(this.#options.client, library);
  }

  steer(library: string, change: RunAction): Promise<Steered> {
    return steerRun(this.#options.client, library, change);
  }

  async parts(): Promise<readonly HealthPart[]> {
    const now = performance.now();
    if (!this.#health || now - this.#health.atMs > HEALTH_EVERY_MS)
      this.#health = { atMs: now, parts: this.#look() };
    return await this.#health.parts;
  }

  async #look(): Promise<readonly HealthPart[]> {
    const { parts, temporal } = this.#options;
    return await Promise.all([
      healthOf('temporal', async () => {
        await temporal.workflowService.getSystemInfo({});
        return 'answers';
      }),
      healthOf('store', async () => {
        // What it says names folders and addresses.
        await parts.store.health();
        return 'answers';
      }),
      healthOf('model', async () => {
        // Each minute it is another text, which is not kept: a model behind an endpoint may have gone.
        const minute = Math.floor(Date.now() / 60_000);
        await parts.probe.embed([`ready ${minute}`], { kind: 'question' });
        return parts.embedder.id;
      }),
    ]);
  }

  async #record(bookId: string): Promise<BookRecord> {
    const record = (await this.#options.parts.catalog.get([bookId])).get(bookId);
    if (record) return record;
    throw new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${bookId}`);
  }
}

type HealthPart = Pick<Part, 'name' | 'healthy' | 'detail'>;

async function healthOf(name: string, ask: () => Promise<string>): Promise<HealthPart> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${HEALTH_TIMEOUT_MS / 1_000} s`)),
    HEALTH_TIMEOUT_MS,
  );
  try {
    return { name, healthy: true, detail: await Promise.race([ask(), late.promise]) };
  } catch (error) {
    // The message itself may name addresses, and anyone may ask.
    const { code } = toScriptoriumError(error);
    return { name, healthy: false, detail: code === 'INTERNAL' ? 'does not answer' : code };
  } finally {
    clearTimeout(timer);
  }
}
