/** Everything an activity may need, opened once a process and closed in the order of need. */
import { chunkerFingerprint, extractorFingerprint } from '../activities/adapters/documents/fingerprints.ts';
import { ProcessSandbox } from '../activities/adapters/documents/process-sandbox.ts';
import { EndpointEmbedder } from '../activities/adapters/endpoint/endpoint-embedder.ts';
import type { DeviceChoice } from '../activities/adapters/onnx/device-choice.ts';
import { HttpReranker } from '../activities/adapters/rerank/http-reranker.ts';
import type { CacheListener } from '../activities/cache/cache-counts.ts';
import { CachedEmbedder } from '../activities/cache/cached-embedder.ts';
import type { Pipeline } from '../activities/pipeline.ts';
import type { ArtifactStore } from '../activities/ports/artifact-store.ts';
import type { DocumentSandbox } from '../activities/ports/documents.ts';
import type { Embedder } from '../activities/ports/embedder.ts';
import type { Reranker } from '../activities/ports/reranker.ts';
import type { Meter, StageObserver } from '../activities/ports/telemetry.ts';
import { sha256OfFile } from '../activities/sources/source-file.ts';
import { type Answering, cachingEmbedder, openAnswering } from './answering.ts';
import { openArtifacts } from './artifacts.ts';
import type { FindOptions } from './assets/find-asset.ts';
import { tokenizerAsset } from './assets/manifest.ts';
import type { Config } from './config.ts';
import { openLocalEmbedder, requireRoom } from './local-embedder.ts';
import { findLocalModel, findTokenizer } from './model/local-model.ts';
import { layoutFolderOf } from './model/model-choice.ts';
import { openStores, type Stores } from './stores.ts';

export interface Parts extends Stores, Answering, AsyncDisposable {
  readonly embedder: CachedEmbedder;
  /** The same model below all that is counted and traced, for who looks whether it answers; the last text is kept. */
  readonly probe: Pick<Embedder, 'embed'>;
  readonly sandbox: DocumentSandbox;
  readonly artifacts: ArtifactStore;
  /** Undefined: what was found stays in the order of the search. */
  readonly reranker: Reranker | undefined;
  readonly pipeline: Pipeline;
  /** Stages of a question that no port shows; absent where nobody traces. */
  readonly observe?: StageObserver;
  /** For what is counted inside of activities; absent where nothing is. */
  readonly meter?: Meter;
}

export interface PartsOptions {
  readonly embedThreads: number;
  /** Whether passages are embedded in this process; questions alone are not worth a GPU that nobody asked for. Default true. */
  readonly embedsPassages?: boolean;
  /** Hears which device embeds, and why not a faster one. */
  onDevice?(choice: DeviceChoice): void;
  /** Hears that the GPU computes nothing any more: this process should make way for another one. */
  onDeviceLost?(reason: string): void;
  /** Hears of every look into a cache of questions. */
  readonly onCache?: CacheListener;
  /** Hears of what answers cost that could not be written down; it is written with the next. */
  onUnwrittenUsage?(error: unknown): void;
  /** Gives the embedder as it is used from then on, with what is seen of it. */
  observeEmbedder?(embedder: Embedder): Embedder;
  /** Another embedder than the configured one: a benchmark brings one whose time is known. */
  openEmbedder?(): Promise<Embedder>;
}

/** @throws ScriptoriumError ASSET_UNAVAILABLE, STORE_UNREACHABLE, STORE_REJECTED, ARTIFACTS_UNREACHABLE, ARTIFACTS_DENIED */
export async function openParts(config: Config, options: PartsOptions): Promise<Parts> {
  await using opened = new AsyncDisposableStack();
  const finding: FindOptions = { cacheFolder: config.home.cache, env: config.env };
  const tokenizerPath = await findTokenizer(config, finding);
  const model = await (options.openEmbedder?.() ?? openEmbedder(config, finding, options));
  const observed = options.observeEmbedder?.(model) ?? model;
  const embedder = opened.use(cachingEmbedder(observed, config, options.onCache));
  const { id: embedderId, dimensions } = embedder;
  requireRoom(config.chunking, embedder.maxTokens);
  const stores = await openStores(config, embedderId, dimensions);
  opened.use(stores.store);
  opened.use(stores.catalog);
  const answering = await openAnswering(config, {
    ...{ embedder, catalog: stores.catalog },
    ...(options.onCache && { listener: options.onCache }),
    onUnwritten: (error) => options.onUnwrittenUsage?.(error),
  });
  opened.use(answering.caches);
  if (answering.budget) opened.use(answering.budget);
  const sandbox = opened.use(
    new ProcessSandbox({ ...config.sandbox, coresAreBusy: () => model.busy ?? false }),
  );
  const tokenizer = config.embedding.endpoint ? await otherTokenizer(tokenizerPath) : undefined;
  const pipeline: Pipeline = {
    ...{ extractor: extractorFingerprint, chunker: chunkerFingerprint, chunking: config.chunking },
    ...{ tokenizerPath, tokenizer, embedderId, dimensions },
  };
  const { artifacts } = opened.use(await openArtifacts(config.artifacts));
  const owned = opened.move();
  return {
    probe: new CachedEmbedder(model, { maxEntries: 1 }),
    ...{ embedder, sandbox, artifacts, pipeline, ...answering },
    ...{ store: stores.store, catalog: stores.catalog },
    reranker: config.reranker ? new HttpReranker(config.reranker) : undefined,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openEmbedder(
  config: Config,
  finding: FindOptions,
  { embedThreads: threads, embedsPassages = true, onDevice, onDeviceLost }: PartsOptions,
): Promise<Embedder> {
  const { endpoint, device, deviceBatch } = config.embedding;
  if (endpoint) return await EndpointEmbedder.open(endpoint);
  const model = await findLocalModel(config, finding);
  const layoutFolder = await layoutFolderOf(config.home);
  // A GPU that was asked for by name takes the questions too.
  const wanted = device === 'auto' && !embedsPassages ? 'cpu' : device;
  return await openLocalEmbedder({
    ...{ model, layoutFolder, wanted, threads, deviceBatch },
    ...(onDevice && { onDevice }),
    ...(onDeviceLost && { onDeviceLost }),
  });
}

/** Its hash, unless it is the default: what was cut with that one stays as it is. */
async function otherTokenizer(path: string): Promise<string | undefined> {
  const sha256 = await sha256OfFile(path);
  return sha256 === tokenizerAsset.sha256 ? undefined : sha256;
}
