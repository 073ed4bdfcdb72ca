/** A library that never rests: books come, are replaced and are removed, and questions are asked. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScriptoriumClient } from '../../../client/index.ts';
import { generateBooks } from '../generated-books.ts';

export interface ChurnOptions {
  readonly client: ScriptoriumClient;
  /** Base address of HTTP. */
  readonly http: string;
  /** For the books; made and filled. */
  readonly folder: string;
  /** Books that are there at any time. */
  readonly books: number;
  readonly over: AbortSignal;
}

const LIBRARY = 'churn';
const PASSAGES = [1, 3] as const;
const QUESTION_PAUSE_MS = 50;
/** Unneeded intermediate files are dropped once in so many rounds. */
const ROUNDS_PER_COLLECTION = 20;

export class Churn {
  readonly counts = { rounds: 0, ingested: 0, removed: 0, questions: 0, refused: 0 };
  readonly #options: ChurnOptions;
  /** Slots whose books are there, the longest unchanged first. */
  #slots: number[] = [];
  #nextSlot = 0;
  /** No two books have one text. */
  #nextText = 0;

  constructor(options: ChurnOptions) {
    this.#options = options;
  }

  /** Each round replaces a third of the books and puts others in the place of a tenth, until it is over. */
  async ingest(): Promise<void> {
    const { client, folder, books, over } = this.#options;
    await mkdir(folder, { recursive: true });
    for (let book = 0; book < books; book++) await this.#add();
    while (!over.aborted) {
      const result = await (await client.ingest([folder], { library: LIBRARY })).result();
      if (result.books.failed > 0) throw new Error(`books failed: ${JSON.stringify(result.failures)}`);
      this.counts.ingested += result.books.ingested;
      this.counts.rounds += 1;
      await this.#change(books);
      if (this.counts.rounds % ROUNDS_PER_COLLECTION === 0) await client.collectGarbage({ graceMs: 0 });
    }
  }

  /** Questions and searches in turns, no two alike. */
  async ask(): Promise<void> {
    const { http, over } = this.#options;
    for (let n = 0; !over.aborted; n++) {
      const [path, body] =
        n % 2 === 0 ? ['search', { query: questionOf(n) }] : ['query', { question: questionOf(n) }];
      const response = await fetch(`${http}/api/v1/${path}`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
        body: JSON.stringify({ ...body, library: LIBRARY }),
      }).catch(() => null);
      await response?.arrayBuffer();
      // At the beginning there is no library yet.
      if (response?.ok) this.counts.questions += 1;
      else this.counts.refused += 1;
      await delay(QUESTION_PAUSE_MS, undefined, { signal: over }).catch(() => {});
    }
  }

  async #change(books: number): Promise<void> {
    for (const slot of this.#slots.splice(0, Math.floor(books / 3))) await this.#write(slot);
    for (const slot of this.#slots.splice(0, Math.ceil(books / 10))) {
      await rm(this.#path(slot));
      await this.#options.client.remove(this.#path(slot), { library: LIBRARY });
      this.counts.removed += 1;
      await this.#add();
    }
  }

  async #add(): Promise<void> {
    await this.#write(this.#nextSlot++);
  }

  async #write(slot: number): Promise<void> {
    const scratch = `${this.#options.folder}-next`;
    // Every tenth of the generated books is a text file like the one before.
    await generateBooks({ folder: scratch, books: 1, from: 10 * this.#nextText++, passages: PASSAGES });
    const [shelf = ''] = await readdir(scratch);
    const [book = ''] = await readdir(join(scratch, shelf));
    await rename(join(scratch, shelf, book), this.#path(slot));
    await rm(scratch, { recursive: true });
    this.#slots.push(slot);
  }

  #path(slot: number): string {
    return join(this.#options.folder, `book-${slot}.txt`);
  }
}

const subjects = ['the tower clock', 'the peat railway', 'the high terraces', 'the salt road', 'the marsh'];

function questionOf(n: number): string {
  return `Who wrote of ${subjects[n % subjects.length]} in the year ${n}?`;
}
