/** What the ways in ask, answered by the process that holds the stores and the model; only what lasts goes through Temporal. */
import { basename } from 'node:path';
import type { Client } from '@temporalio/client';
import { summaryOf } from '../../activities/catalog.ts';
import { ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import type { BookQuery, BookRecord } from '../../activities/ports/catalog.ts';
import { readChunks, readPage } from '../../activities/read-book.ts';
import type { TextListener } from '../../client/ask.ts';
import type { BookDetail, BooksQuery, ChunkPage, PageOfBook } from '../../client/http/contract.ts';
import type { Run, RunAction, Service } from '../../client/http/service.ts';
import type { ScriptoriumClient } from '../../client/index.ts';
import { addJob, type JobOptions, job, type LibraryJob } from '../../client/jobs.ts';
import { runOf, runsNow, steerRun } from '../../client/run-service.ts';
import type { Part } from '../../client/stack-state.ts';
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

  search(input: SearchInput): Promise<SearchResult> {
    return this.#options.desk.search(input);
  }

  async libraries(): Promise<readonly string[]> {
    const records = await this.#options.parts.catalog.listLibraries();
    return records.map(({ library }) => library);
  }

  async books({ library, state, title, after, limit }: BooksQuery): Promise<BookPage> {
    const query = { ...(library && { library }), ...(state && { state }), ...(after && { after }) };
    const records =
      title === undefined
        ? await this.#options.parts.catalog.list({ ...query, limit })
        : await this.#titled(title, query, limit);
    const next = records.length < limit ? null : (records.at(-1)?.bookId ?? null);
    return { books: records.map(summaryOf), next };
  }

  async book(bookId: string): Promise<BookDetail> {
    const record = await this.#record(bookId);
    const { format, sha256, bytes, mtimeMs, updatedAtMs, revision } = record;
    const points = revision === null ? 0 : await this.#options.parts.store.count(bookId, revision);
    const { failure, ...summary } = summaryOf(record);
    return { ...summary, failure, format, sha256, bytes, mtimeMs, points, updatedAtMs };
  }

  async page(bookId: string, n: number): Promise<PageOfBook> {
    const { section, ...page } = await readPage(this.#options.parts, bookId, n);
    return { ...page, section: [...section] };
  }

  async chunks(bookId: string, after: number, limit: number): Promise<ChunkPage> {
    const { chunks, next } = await readChunks(this.#options.parts, bookId, after, limit);
    return { chunks: chunks.map(({ section, ...chunk }) => ({ ...chunk, section: [...section] })), next };
  }

  remove(bookId: string): Promise<RemovedBook> {
    return this.#options.client.remove(bookId);
  }

  explain(id: string): Promise<Explanation> {
    return this.#options.client.explain(id);
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
        await parts.embedder.embed(['ready'], { kind: 'question' });
        return parts.embedder.id;
      }),
    ]);
  }

  async #record(bookId: string): Promise<BookRecord> {
    const record = (await this.#options.parts.catalog.get([bookId])).get(bookId);
    if (record) return record;
    throw new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${bookId}`);
  }

  /** The catalog has no index on parts of titles; 9,000 records are looked through in a fraction of a second. */
  async #titled(
    title: string,
    query: Omit<BookQuery, 'limit'>,
    limit: number,
  ): Promise<readonly BookRecord[]> {
    const wanted = folded(title);
    const found: BookRecord[] = [];
    for (let after = query.after; ; ) {
      const page = await this.#options.parts.catalog.list({
        ...{ ...query, limit: LOOKED_THROUGH },
        ...(after && { after }),
      });
      found.push(...page.filter((record) => isNamed(record, wanted)));
      after = page.at(-1)?.bookId;
      if (found.length >= limit || page.length < LOOKED_THROUGH) return found.slice(0, limit);
    }
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

function isNamed({ title, author, path }: BookRecord, wanted: string): boolean {
  return [title ?? '', author ?? '', basename(path)].some((text) => folded(text).includes(wanted));
}

/** Letters alone, without case and accents: people search as they type. */
function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}
