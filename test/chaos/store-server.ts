/** The stand-in for Qdrant behind a proxy, so that it can be killed, frozen, and made to misbehave. */
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type StandIn, startQdrantStandIn } from '../helpers/qdrant-stand-in.ts';
import { type ProxyMode, startProxy, type TestProxy } from '../helpers/qdrant-stand-in-proxy.ts';

export class StoreServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #proxy: TestProxy;
  #server: StandIn;

  private constructor(folder: string, proxy: TestProxy, server: StandIn) {
    this.#folder = folder;
    this.#proxy = proxy;
    this.#server = server;
  }

  /** Points are kept in a folder below `home`. */
  static async start(home: string): Promise<StoreServer> {
    const folder = join(home, 'qdrant');
    const server = await startQdrantStandIn({ folder });
    const proxy = await startProxy(() => store.serverUrl);
    const store = new StoreServer(folder, proxy, server);
    return store;
  }

  /** For the product. */
  get url(): string {
    return this.#proxy.url;
  }

  /** Past the proxy, for checks. */
  get serverUrl(): string {
    return this.#server.url;
  }

  get pid(): number {
    return this.#server.pid;
  }

  misbehave(mode: ProxyMode): void {
    this.#proxy.mode = mode;
  }

  behave(): void {
    this.#proxy.mode = { kind: 'pass' };
  }

  /** Resolves when the answer to the nth write from now on was lost. */
  loseAnswer(nth: number, over: AbortSignal): Promise<void> {
    let writes = 0;
    return new Promise((resolve) => {
      over.addEventListener('abort', () => resolve());
      this.#proxy.mode = (request) => {
        if (!isWrite(request) || ++writes !== nth) return { kind: 'pass' };
        resolve();
        return { kind: 'lose-answer' };
      };
    });
  }

  /** Ends the process by SIGKILL, and starts another on the same folder, `downMs` later. */
  async killAndRestart(downMs = 0): Promise<void> {
    process.kill(this.#server.pid, 'SIGKILL');
    await this.#server.stop();
    await delay(downMs);
    this.#server = await startQdrantStandIn({ folder: this.#folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy.stop();
    await this.#server.stop();
  }
}

function isWrite({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'PUT' && /\/points(\?|$)/.test(url)) || /\/points\/delete/.test(url);
}
