/** The sessions of MCP over HTTP that are open, in memory: how many, whose, and since when nobody used them. */
import { ScriptoriumError } from '../../activities/errors.ts';

export interface SessionLimits {
  /** Sessions in all. Default 200. */
  readonly most?: number;
  /** Sessions of one asker, whose longest unused one makes way for a new one. Default 20. */
  readonly mostOfOne?: number;
  /** A session that nobody uses is closed after so long. Default 30 minutes. */
  readonly idleMs?: number;
}

interface Session<T> {
  readonly owner: string;
  readonly held: T;
  /** Requests and streams that are open on it. */
  open: number;
  usedAtMs: number;
}

const IDLE_MS = 30 * 60_000;

export class Sessions<T> {
  readonly #limits: Required<SessionLimits>;
  readonly #close: (held: T) => Promise<void>;
  readonly #sessions = new Map<string, Session<T>>();
  readonly #timer: NodeJS.Timeout;

  /** @param close ends what a session holds */
  constructor(close: (held: T) => Promise<void>, limits: SessionLimits = {}) {
    this.#close = close;
    this.#limits = { most: 200, mostOfOne: 20, idleMs: IDLE_MS, ...limits };
    this.#timer = setInterval(() => this.#closeIdle(), Math.max(10, this.#limits.idleMs / 30));
    this.#timer.unref();
  }

  get count(): number {
    return this.#sessions.size;
  }

  /**
   * Room for one more session of an asker.
   * @throws ScriptoriumError RATE_LIMITED
   */
  async makeRoom(owner: string): Promise<void> {
    const own = [...this.#sessions].filter(([, session]) => session.owner === owner);
    const { most, mostOfOne } = this.#limits;
    if (own.length < mostOfOne && this.#sessions.size < most) return;
    const [unused] = own.filter(([, { open }]) => open === 0).sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    if (!unused)
      throw new ScriptoriumError('RATE_LIMITED', `${this.#sessions.size} sessions of MCP are open already`);
    await this.end(unused[0]);
  }

  add(id: string, owner: string, held: T): void {
    this.#sessions.set(id, { owner, held, open: 0, usedAtMs: Date.now() });
  }

  /** Null where there is none, and where it is somebody else's: who asks learns nothing of it. */
  of(id: string, owner: string): T | null {
    const session = this.#sessions.get(id);
    return session?.owner === owner ? session.held : null;
  }

  /** It is in use until what this gives is called. */
  use(id: string): () => void {
    const session = this.#sessions.get(id);
    if (!session) return () => {};
    session.open += 1;
    return () => {
      session.open -= 1;
      session.usedAtMs = Date.now();
    };
  }

  async end(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    if (session) await this.#close(session.held);
  }

  /** Every session of one asker. */
  async endOf(owner: string): Promise<void> {
    const own = [...this.#sessions].filter(([, session]) => session.owner === owner);
    await Promise.all(own.map(([id]) => this.end(id)));
  }

  async endAll(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#sessions.keys()].map((id) => this.end(id)));
  }

  #closeIdle(): void {
    const since = Date.now() - this.#limits.idleMs;
    for (const [id, { open, usedAtMs }] of this.#sessions)
      if (open === 0 && usedAtMs < since) this.end(id).catch(() => {});
  }
}
