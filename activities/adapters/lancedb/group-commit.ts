/**
 * Gathers the writes of concurrent callers into few commits.
 *
 * Every commit of LanceDB makes a version and a fragment, and each later scan pays for each fragment; so what
 * arrives while a commit is under way goes together into the next. Invariants:
 * 1. A caller's promise settles only after the commit with its own write did.
 * 2. Writes that share a key are committed in the order in which they came.
 * 3. When a gathered commit fails, its writes are committed one by one: a bad write fails alone.
 */
export interface GroupCommitOptions<Write, Result> {
  /** Only writes of one kind go into one commit. */
  kindOf(write: Write): string;
  /** What the write touches, for example its books. */
  keysOf(write: Write): Iterable<string>;
  /** Size of the write; a commit takes writes up to `maxWeight`, but at least one. */
  weightOf(write: Write): number;
  readonly maxWeight: number;
  /** Commits writes of one kind; resolves to one result a write, in their order. */
  commit(writes: readonly Write[]): Promise<readonly Result[]>;
  /** Housekeeping between two commits, after the callers were answered. Must not reject. */
  maintain?(): Promise<void>;
}

interface Waiting<Write, Result> {
  readonly write: Write;
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

export class GroupCommit<Write, Result> {
  readonly #options: GroupCommitOptions<Write, Result>;
  #waiting: Waiting<Write, Result>[] = [];
  #draining: Promise<void> | null = null;

  constructor(options: GroupCommitOptions<Write, Result>) {
    this.#options = options;
  }

  /** Resolves when the write was acknowledged; rejects with what `commit` threw for this write alone. */
  submit(write: Write): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing is waiting any more. Never rejects: failures belong to the callers. */
  async idle(): Promise<void> {
    while (this.#draining !== null) await this.#draining;
  }

  async #drain(): Promise<void> {
    // Callers of the same turn of the event loop belong together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const { group, rest } = takeGroup(this.#waiting, ({ write }) => write, this.#options);
      this.#waiting = rest;
      await this.#settle(group);
      await this.#options.maintain?.();
    }
    this.#draining = null;
  }

  async #settle(group: readonly Waiting<Write, Result>[]): Promise<void> {
    try {
      const results = await this.#options.commit(group.map(({ write }) => write));
      answer(group, results);
    } catch (error) {
      const [only, ...others] = group;
      if (only !== undefined && others.length === 0) only.reject(error);
      else for (const single of group) await this.#settle([single]);
    }
  }
}

function answer<Write, Result>(group: readonly Waiting<Write, Result>[], results: readonly Result[]): void {
  if (results.length !== group.length) {
    throw new Error(`A commit of ${group.length} writes gave ${results.length} results.`);
  }
  const next = results.values();
  for (const caller of group) {
    const { value, done } = next.next();
    if (!done) caller.resolve(value);
  }
}

/**
 * The writes for the next commit: those of the first one's kind, up to `maxWeight`, that are not behind another
 * write with a key of theirs. `group` and `rest` keep the order.
 */
export function takeGroup<Item, Write>(
  items: readonly Item[],
  writeOf: (item: Item) => Write,
  options: Pick<GroupCommitOptions<Write, unknown>, 'kindOf' | 'keysOf' | 'weightOf' | 'maxWeight'>,
): { group: Item[]; rest: Item[] } {
  const group: Item[] = [];
  const rest: Item[] = [];
  const blocked = new Set<string>();
  let kind: string | null = null;
  let weight = 0;
  for (const item of items) {
    const write = writeOf(item);
    kind ??= options.kindOf(write);
    const heavier = weight + options.weightOf(write);
    const fits = group.length === 0 || heavier <= options.maxWeight;
    const keys = [...options.keysOf(write)];
    if (fits && options.kindOf(write) === kind && !keys.some((key) => blocked.has(key))) {
      group.push(item);
      weight = heavier;
    } else {
      rest.push(item);
      for (const key of keys) blocked.add(key);
    }
  }
  return { group, rest };
}
