/** Starts the parts of the local stack in order, keeps them running, and stops them in the opposite order. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import type { Part, StackState, StackStatus } from '../../client/stack-state.ts';
import { type FindOptions, findAsset } from '../assets/find-asset.ts';
import { temporalAsset } from '../assets/manifest.ts';
import type { Config } from '../config.ts';
import { findLocalModel, findTokenizer } from '../model/local-model.ts';
import { settleModel } from '../model/model-choice.ts';
import { startControlServer } from './control-server.ts';
import { keptTemporalPorts } from './kept-ports.ts';
import { ManagedProcess } from './managed-process.ts';
import { inTurn } from './port-turn.ts';
import { removeStackState, takePlace, writeStackState } from './stack-file.ts';
import {
  type OwnServer,
  prepareNamespace,
  problemOf,
  spawnTemporal,
  temporalAddress,
  temporalUiUrl,
  withoutTemporal,
} from './temporal-server.ts';
import { WorkerPart, type WorkerPartOptions } from './worker-part.ts';

export interface SupervisorOptions {
  readonly config: Config;
  /** Hears one line on each thing that happens. */
  say(line: string): void;
  readonly onProgress?: FindOptions['onProgress'];
}

/** Temporal's server writes its file and ends at once; this is for a disk that is slow. */
const TEMPORAL_GRACE_MS = 10_000;

export class Supervisor {
  readonly #config: Config;
  readonly #options: SupervisorOptions;
  readonly #stopRequested = Promise.withResolvers<void>();
  #phase: StackStatus['phase'] = 'starting';
  #problem: StackStatus['problem'] = null;
  #temporal: ManagedProcess | null = null;
  #server: OwnServer | null = null;
  #workers: readonly WorkerPart[] = [];
  #state: StackState | null = null;
  #noted: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#config = options.config;
    this.#options = options;
  }

  /**
   * Runs the stack until it is told to stop. Resolves to the state of another stack when one is up already.
   * @throws ScriptoriumError when a part can't be started at all
   */
  async run(onReady: (state: StackState) => void): Promise<StackState | null> {
    const { home, namespace } = this.#config;
    await using control = await startControlServer({
      alive: () => ({ phase: this.#phase, problem: this.#problem, parts: [] }),
      status: () => this.#status(),
      down: () => this.stop(),
    });
    const mine: StackState = {
      ...{ pid: process.pid, controlUrl: control.url, token: control.token, namespace },
      ...{ temporalAddress: this.#config.temporalAddress, uiUrl: null, temporalPid: null },
      httpUrl: null,
    };
    const other = await takePlace(home.stackFile, home.temporalDb, mine);
    if (other) return other;
    this.#state = mine;
    try {
      await Promise.race([this.#start(), this.#stopRequested.promise]);
      if (this.#phase === 'ready') onReady(this.#state);
      await this.#stopRequested.promise;
    } finally {
      await this.#stopParts();
      await this.#noted;
      await removeStackState(home.stackFile);
    }
    return null;
  }

  /** Begins to stop; `run` resolves when all is stopped. */
  stop(): void {
    this.#phase = 'stopping';
    this.#stopRequested.resolve();
  }

  get #stopping(): boolean {
    return this.#phase === 'stopping';
  }

  /** What was begun before `stop` must start nothing after it. */
  #throwIfStopping(): void {
    if (this.#stopping) throw new Error('the stack is stopping');
  }

  async #start(): Promise<void> {
    try {
      await this.#fetchAssets();
      this.#throwIfStopping();
      const address = this.#config.temporalAddress ?? (await this.#startTemporal());
      this.#throwIfStopping();
      await this.#startWorkers(address);
      if (this.#phase === 'starting') this.#phase = 'ready';
    } catch (error) {
      if (this.#stopping) return;
      const { code, message, remedy } = toScriptoriumError(error);
      this.#phase = 'failed';
      this.#problem = { code, message: `${message}. ${remedy}` };
      throw error;
    }
  }

  /** Before anything runs, so that a fetch that fails is the first and only thing a person sees. */
  async #fetchAssets(): Promise<void> {
    const { onProgress } = this.#options;
    const finding: FindOptions = {
      cacheFolder: this.#config.home.cache,
      env: this.#config.env,
      ...(onProgress && { onProgress }),
    };
    const tokenizerPath = await findTokenizer(this.#config, finding);
    if (this.#config.embedding.endpoint) return;
    const settled = await settleModel(this.#config, finding, tokenizerPath);
    if (settled) this.#options.say(`embedding model: ${settled.variant} (${settled.reason})`);
    await findLocalModel(this.#config, finding);
  }

  async #startTemporal(): Promise<string> {
    const { home, env } = this.#config;
    const { onProgress } = this.#options;
    const binary = await findAsset(temporalForThisMachine(), {
      cacheFolder: home.cache,
      env,
      ...(onProgress && { onProgress }),
    });
    this.#throwIfStopping();
    return await inTurn(() => this.#startTemporalProgram(binary));
  }

  async #startTemporalProgram(binary: string): Promise<string> {
    const { home, namespace } = this.#config;
    const ports = await keptTemporalPorts(home.stackFile);
    const log = this.#logFile('temporal');
    const start = await spawnTemporal(binary, home.temporalDb, namespace, ports, log);
    this.#throwIfStopping();
    const started = (): ReturnType<typeof start> => {
      const child = start();
      void this.#note({ temporalPid: child.pid ?? null });
      return child;
    };
    this.#temporal = new ManagedProcess({ name: 'temporal', start: started, onUnexpectedEnd: this.#tellEnd });
    this.#temporal.start();
    const address = temporalAddress(ports);
    this.#server = { binary, address, namespace };
    await prepareNamespace(this.#server, () => this.#throwIfStopping());
    await this.#note({ temporalAddress: address, uiUrl: temporalUiUrl(ports) });
    return address;
  }

  async #startWorkers(address: string): Promise<void> {
    // Our own server takes no credentials; those in the environment are for another one.
    const inherited = this.#temporal ? withoutTemporal(this.#config.env) : this.#config.env;
    const env = { ...inherited, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: this.#config.namespace };
    const told: Pick<WorkerPartOptions, 'onUnexpectedEnd' | 'onListening'> = {
      onUnexpectedEnd: this.#tellEnd,
      onListening: (httpUrl) => void this.#note({ httpUrl }),
    };
    this.#workers = partsOf(this.#config).map(
      (part) => new WorkerPart({ ...part, env, log: this.#logFile(part.name), ...told }),
    );
    for (const problem of await Promise.all(this.#workers.map((part) => part.start())))
      if (problem) throw new ScriptoriumError(problem.code, problem.message);
    await this.#noted;
  }

  async #stopParts(): Promise<void> {
    // Work first: the workers hand their progress to a server that still runs.
    await Promise.all(this.#workers.map((part) => part.stop(this.#config.graceMs + CLOSING_MS)));
    await this.#temporal?.stop(TEMPORAL_GRACE_MS);
  }

  async #status(): Promise<StackStatus> {
    const notYet = { name: 'workers', address: null, healthy: false, detail: 'not started yet' };
    const started = await Promise.all(this.#workers.map((part) => part.parts()));
    const workers = started.length > 0 ? started.flat() : [notYet];
    return {
      phase: this.#phase,
      problem: this.#problem,
      parts: [...(await this.#temporalParts()), ...workers],
    };
  }

  async #temporalParts(): Promise<Part[]> {
    const { temporalAddress: address = null, uiUrl = null } = this.#state ?? {};
    const problem = address === null ? 'not started yet' : await this.#temporalProblem();
    const healthy = problem === null;
    const restarts = this.#temporal?.restarts ?? 0;
    const own = this.#temporal
      ? `development server${restarts > 0 ? `, started again ${restarts} times` : ''}`
      : 'existing cluster';
    const server: Part = {
      name: 'temporal',
      address,
      healthy,
      detail: `${own}, namespace ${this.#config.namespace}${problem === null ? '' : `: ${problem}`}`,
    };
    return uiUrl ? [server, { name: 'temporal-ui', address: uiUrl, healthy, detail: 'web UI' }] : [server];
  }

  /** Our own server wants no credentials; a cluster may want those of the environment. */
  async #temporalProblem(): Promise<string | null> {
    if (this.#server) return await problemOf(this.#server);
    // Only here: Temporal's client takes a third of this process's memory.
    const { clusterProblem } = await import('./cluster-health.ts');
    return await clusterProblem(this.#config.env, this.#config.namespace);
  }

  /** One write after the other: they share the file that is renamed. */
  #note(change: Partial<StackState>): Promise<void> {
    const { stackFile } = this.#config.home;
    this.#noted = this.#noted.then(async () => {
      if (!this.#state || this.#stopping) return;
      this.#state = { ...this.#state, ...change };
      await writeStackState(stackFile, this.#state).catch((error: unknown) => {
        this.#options.say(`${stackFile} could not be written: ${String(error)}`);
      });
    });
    return this.#noted;
  }

  readonly #tellEnd = (event: { name: string; how: string; againInMs: number }): void => {
    this.#options.say(
      `${event.name} ${event.how}; it is started again in ${event.againInMs / 1000} s (log: ${this.#logPath(event.name)})`,
    );
  };

  #logPath(name: string): string {
    return join(this.#config.home.logs, `${name}.log`);
  }

  #logFile(name: string): number {
    mkdirSync(this.#config.home.logs, { recursive: true });
    const file = openSync(this.#logPath(name), 'a');
    // Children inherit it; our own copy goes when we stop.
    void this.#stopRequested.promise.then(() => setTimeout(() => closeSync(file), 60_000).unref());
    return file;
  }
}

/** After its grace a worker may take five seconds to answer what it was asked, five to give up what does not end, and some to close. */
const CLOSING_MS = 20_000;

/** Questions have a process of their own, so that none waits for a book. */
function partsOf({ http }: Config): Pick<WorkerPartOptions, 'name' | 'args'>[] {
  if (http.address === null) return [{ name: 'workers', args: [] }];
  return [
    { name: 'workers', args: ['--queues', 'main,documents,embed'] },
    { name: 'http', args: ['--queues', 'query', '--http'] },
  ];
}

function temporalForThisMachine() {
  const asset = temporalAsset();
  if (asset) return asset;
  throw new ScriptoriumError(
    'ASSET_UNAVAILABLE',
    `No Temporal server is known for ${process.platform}-${process.arch}. Set SCRIPTORIUM_TEMPORAL to its program, or TEMPORAL_ADDRESS to a cluster`,
  );
}
