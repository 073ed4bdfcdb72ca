/**
 * Loaded into the stack's processes with NODE_OPTIONS=--import, so that the product knows nothing of it. In the worker
 * process it wraps the adapters, and kills or freezes the process at the nth effect of the kind that CHAOS_FAILPOINT names. It
 * counts in the file `armed`, over restarts, and removes it when it fires: it fires once. With CHAOS_EMBEDDER=fake, vectors
 * cost nothing.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import files from 'node:fs/promises';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { z } from 'zod';
import { unitVectorOf } from '../bench/fake-embedder.ts';
import type { Point } from './plan.ts';

const failpointSpec = z.object({
  point: z.string(),
  when: z.enum(['before', 'after', 'torn']),
  nth: z.int().min(1),
  does: z.enum(['dies', 'freezes']),
  armed: z.string(),
});
type FailpointSpec = z.infer<typeof failpointSpec>;

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;
const isMethod = (value: unknown): value is Method => typeof value === 'function';
const moduleOf = z.record(z.string(), z.unknown());
const adapters = new URL('../../dist/activities/adapters/', import.meta.url);

async function arm(spec: FailpointSpec): Promise<void> {
  const failpoint = new Failpoint(spec);
  const artifacts = await classIn('files/file-artifacts.js', 'FileArtifacts');
  failpoint.wrap(artifacts, 'create', 'artifact.create', (writer) => failpoint.wrapWriter(writer));
  for (const [file, store, catalog] of [
    ['lancedb', 'LanceVectorStore', 'LanceCatalog'],
    ['qdrant', 'QdrantVectorStore', 'QdrantCatalog'],
  ] as const) {
    const points = await classIn(`${file}/vector-store.js`, store);
    for (const method of ['upsert', 'deleteStale'] as const)
      failpoint.wrap(points, method, `store.${method}`);
    const records = await classIn(`${file}/catalog.js`, catalog);
    for (const method of ['put', 'putLibrary'] as const) failpoint.wrap(records, method, `catalog.${method}`);
  }
  failpoint.wrap(await classIn('lancedb/table.js', 'LanceTable'), 'commit', 'lance.commit');
  failpoint.wrap(files, 'rename', 'artifact.rename');
  syncBuiltinESMExports();
  await using handle = await files.open(import.meta.filename);
  failpoint.tear(Object.getPrototypeOf(handle));
}

/** The prototype of an exported class of the built adapters. */
async function classIn(file: string, name: string): Promise<object> {
  const exported = moduleOf.parse({ ...(await import(new URL(file, adapters).href)) })[name];
  if (typeof exported !== 'function') throw new Error(`${file} exports no class ${name}`);
  return exported.prototype;
}

class Failpoint {
  readonly #spec: FailpointSpec;
  #wrappedWriter = false;

  constructor(spec: FailpointSpec) {
    this.#spec = spec;
  }

  /** `also` gets what the method resolves to, before anyone else. */
  wrap(owner: object, name: string, point: Point, also: (result: unknown) => void = () => {}): void {
    const original: unknown = Reflect.get(owner, name);
    if (!isMethod(original)) throw new Error(`there is no method ${name} to wrap`);
    const enter = (): boolean => this.#reached(point, 'before');
    const leave = (reached: boolean): void => void (reached && this.#spec.when === 'after' && this.#fire());
    const wrapped: Method = async function (...args) {
      const reached = enter();
      const result = await Reflect.apply(original, this, args);
      leave(reached);
      also(result);
      return result;
    };
    Reflect.set(owner, name, wrapped);
  }

  /** The class of writers is not exported; the first writer tells its prototype. */
  wrapWriter(writer: unknown): void {
    if (this.#wrappedWriter || typeof writer !== 'object' || writer === null) return;
    this.#wrappedWriter = true;
    const prototype: object = Object.getPrototypeOf(writer);
    for (const method of ['append', 'commit'] as const) this.wrap(prototype, method, `artifact.${method}`);
  }

  /** The nth write to a file ends in the middle, and with it the process. */
  tear(fileHandle: object): void {
    const original: unknown = Reflect.get(fileHandle, 'write');
    if (!isMethod(original)) throw new Error('a file handle cannot write');
    const reached = (): boolean => this.#reached('artifact.write', 'torn');
    const fire = (): void => this.#fire();
    const wrapped: Method = async function (bytes, from, length, position) {
      if (!reached()) return await Reflect.apply(original, this, [bytes, from, length, position]);
      await Reflect.apply(original, this, [bytes, from, Math.floor(Number(length) / 2), position]);
      return fire();
    };
    Reflect.set(fileHandle, 'write', wrapped);
  }

  /** Counts, and fires at once where that is wanted `before` the effect. */
  #reached(point: Point, when: FailpointSpec['when']): boolean {
    if (point !== this.#spec.point || !existsSync(this.#spec.armed)) return false;
    const count = Number(readFileSync(this.#spec.armed, 'utf8')) + 1;
    writeFileSync(this.#spec.armed, String(count));
    if (count !== this.#spec.nth) return false;
    if (when === 'before' && this.#spec.when === 'before') this.#fire();
    return true;
  }

  #fire(): void {
    rmSync(this.#spec.armed);
    process.kill(process.pid, this.#spec.does === 'dies' ? 'SIGKILL' : 'SIGSTOP');
  }
}

/** A vector of the right size for each text, from its hash. */
async function fakeEmbedding(): Promise<void> {
  const prototype = await classIn('onnx/onnx-embedder.js', 'OnnxEmbedder');
  const embed = async (texts: readonly string[]) => texts.map(unitVectorOf);
  Reflect.set(prototype, 'embed', embed);
}

/** The program is a bundle, whose classes nobody can reach; the modules that it was made of do the same. */
function runModules(): void {
  const program = 'workers-worker-main.js';
  const modules = new URL('../../dist/workers/worker-main.js', import.meta.url).href;
  registerHooks({
    load: (url, context, next) =>
      url.endsWith(program)
        ? { format: 'module', shortCircuit: true, source: `import ${JSON.stringify(modules)};` }
        : next(url, context),
  });
}

// At the end: the class is there only now.
const { CHAOS_FAILPOINT: armed, CHAOS_EMBEDDER: embedder } = process.env;
if (isMainThread && process.argv[1]?.endsWith('worker-main.js')) {
  runModules();
  if (armed) await arm(failpointSpec.parse(JSON.parse(armed)));
  if (embedder === 'fake') await fakeEmbedding();
}
