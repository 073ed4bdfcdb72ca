/**
 * Invariant 10, with two processes over one library: whatever the order in which the steps of their questions and of their
 * books follow each other, no answer cites what is not committed when it is given.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { tempFolder } from '../helpers/temp-folder.ts';
import { type Order, type Reply, reply } from './answering-orders.ts';

const BOOKS = ['alice', 'bob', 'carol'];
/** The first two mean the same. */
const QUESTIONS = ['Which lighthouse was built?', 'which lighthouse was built', 'Was a lighthouse built?'];

const answer = z.union([z.object({ done: reply }), z.object({ failed: z.string() })]);
let processes: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];

beforeAll(() => {
  const { NODE_OPTIONS: _, ...env } = process.env;
  processes = [0, 1].map(() => {
    const module = join(import.meta.dirname, 'answering-process.ts');
    const child = fork(module, { env, execArgv: ['--no-warnings'] });
    return { child, ended: once(child, 'exit') };
  });
});

afterAll(() => {
  for (const { child } of processes) child.kill('SIGKILL');
});

async function tell(who: number, order: Order): Promise<Reply> {
  const { child, ended } = processes[who] ?? {};
  if (!child || !ended) throw new Error(`there is no process ${who}`);
  const answered = once(child, 'message').then(([message]) => answer.parse(message));
  child.send(order);
  const told = await Promise.race([
    answered,
    ended.then(() => {
      throw new Error(`process ${who} ended`);
    }),
  ]);
  if ('failed' in told) throw new Error(told.failed);
  return told.done;
}

/** What is done next to a book that is being ingested or removed. */
type Pending =
  | { readonly do: 'commit' | 'dropStale'; readonly revision: string }
  | { readonly do: 'deletePoints' };

interface Open {
  readonly n: number;
  readonly question: string;
  next: 'retrieve' | 'write';
}

class Library {
  readonly #committed = new Map<string, string>();
  readonly #pending = new Map<string, Pending>();
  readonly #open: readonly Open[][] = [[], []];
  #revisions = 0;
  #asked = 0;
  readonly given = { exact: 0, semantic: 0, made: 0, remade: 0 };

  /** The next step of a book's ingestion, whoever takes it. */
  async ingest(who: number, name: string): Promise<void> {
    const pending = this.#pending.get(name);
    if (!pending) {
      const revision = `r${++this.#revisions}`;
      await tell(who, { do: 'upsert', name, revision });
      this.#pending.set(name, { do: 'commit', revision });
    } else if (pending.do === 'commit') {
      await tell(who, { ...pending, name });
      this.#committed.set(name, pending.revision);
      this.#pending.set(name, { ...pending, do: 'dropStale' });
    } else {
      await tell(who, { ...pending, name });
      this.#pending.delete(name);
    }
  }

  async remove(who: number, name: string): Promise<void> {
    if (this.#pending.has(name)) return;
    await tell(who, { do: 'takeOut', name });
    this.#committed.delete(name);
    this.#pending.set(name, { do: 'deletePoints' });
  }

  async ask(who: number, question: string): Promise<void> {
    const n = ++this.#asked;
    const { quotes, cached } = await tell(who, { do: 'begin', n, question });
    if (cached) this.given[cached] += 1;
    if (quotes) this.#expectCommitted(quotes);
    else this.#open[who]?.push({ n, question, next: 'retrieve' });
  }

  /** The next step of a question that was begun. */
  async goOn(who: number, pick: number): Promise<void> {
    const open = this.#open[who] ?? [];
    const asked = open[pick % Math.max(1, open.length)];
    // What has no committed book to search is refused.
    if (!asked || (asked.next === 'retrieve' && this.#committed.size === 0)) return;
    const { n, question, next } = asked;
    const { quotes } = await tell(who, { do: next, n, question });
    asked.next = 'write';
    if (next === 'retrieve') return;
    // A book changed meanwhile: it is made once more, of what is left.
    if (!quotes) {
      this.given.remade += 1;
      return;
    }
    this.given.made += 1;
    open.splice(open.indexOf(asked), 1);
    this.#expectCommitted(quotes);
  }

  #expectCommitted(quotes: readonly string[]): void {
    for (const quote of quotes) {
      const [, name = '', revision] = /lighthouse (\w+) (r\d+) /.exec(quote) ?? [];
      expect({ name, revision: this.#committed.get(name) }).toEqual({ name, revision });
    }
  }
}

const kinds = ['exact', 'semantic', 'made', 'remade'] as const;
const who = fc.constantFrom(0, 1);
const name = fc.constantFrom(...BOOKS);
const question = fc.constantFrom(...QUESTIONS);
const does = <T extends string>(what: T) => fc.constant(what);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: does('ask'), who, question }) },
  { weight: 10, arbitrary: fc.record({ do: does('goOn'), who, pick: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ do: does('ingest'), who, name }) },
  { weight: 1, arbitrary: fc.record({ do: does('remove'), who, name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('idle', 'clear'), who }) },
);

test('of a book that is replaced or removed no answer is given from then on, in whichever process', async () => {
  const given = { exact: 0, semantic: 0, made: 0, remade: 0, refusals: 0, failures: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 120 }), async (steps) => {
      await using folder = await tempFolder();
      for (const each of [0, 1]) await tell(each, { do: 'open', folder: folder.path });
      const library = new Library();
      for (const book of [...BOOKS, ...BOOKS, ...BOOKS]) await library.ingest(0, book);
      try {
        for (const next of steps) {
          if (next.do === 'ask') await library.ask(next.who, next.question);
          else if (next.do === 'goOn') await library.goOn(next.who, next.pick);
          else if (next.do === 'ingest') await library.ingest(next.who, next.name);
          else if (next.do === 'remove') await library.remove(next.who, next.name);
          else await tell(next.who, { do: next.do });
        }
      } finally {
        for (const each of [0, 1]) {
          const { refusals, failures } = await tell(each, { do: 'close' });
          given.refusals += refusals;
          given.failures += failures;
        }
        for (const kind of kinds) given[kind] += library.given[kind];
      }
    }),
    { numRuns: 20, endOnFailure: true },
  );
  expect(given.failures).toBe(0);
  // Histories in which none of these happened would prove nothing.
  for (const count of [given.exact, given.semantic, given.made, given.remade, given.refusals])
    expect(count).toBeGreaterThan(5);
}, 180_000);
