/** Stores and models with a span around each call, named and described by OpenTelemetry's conventions. */
import type { Embedder } from '../../activities/ports/embedder.ts';
import type { Attributes, Meter, StageObserver, Tracer } from '../../activities/ports/telemetry.ts';
import type { Parts } from '../parts.ts';
import type { Stores } from '../stores.ts';
import type { Metrics } from './metrics.ts';
import { observed, type Watch } from './observed.ts';

export interface ObservedOptions {
  readonly metrics: Metrics;
  readonly meter: Meter;
  /** Null: counted, and not traced. */
  readonly tracer: Tracer | null;
  /** Name of the store, as OpenTelemetry has it: `lancedb`, `qdrant`. */
  readonly storeSystem: string;
  /** Null: answers are extractive, and no model is called. */
  readonly answerModel: string | null;
}

const storeMethods = new Set([
  'upsert',
  'count',
  'deleteStale',
  'delete',
  'deletePoints',
  'search',
  'searchText',
  'get',
]);
const catalogMethods = new Set(['get', 'put', 'list', 'remove', 'getLibrary', 'putLibrary', 'listLibraries']);

export function observedParts(parts: Parts, options: ObservedOptions): Parts {
  const { tracer, answerModel } = options;
  const models =
    tracer && answerModel
      ? { answerModel: observed(parts.answerModel, new Set(['answer']), chatWatch(tracer, answerModel)) }
      : {};
  return {
    ...{ ...observedStores(parts, options), ...models, meter: options.meter },
    ...(tracer && { observe: observeStage(tracer) }),
  };
}

/** Below the cache of its vectors: what is seen and counted is what the model was given. */
export function observedEmbedder(
  embedder: Embedder,
  options: Pick<ObservedOptions, 'metrics' | 'tracer'>,
): Embedder {
  return observed(embedder, new Set(['embed']), embedWatch(modelOf(embedder), options));
}

/** Stages that consist of one call of a port, whose span they have already. */
const shownByPorts = new Set(['embed', 'dense', 'lexical', 'catalog']);

export function observeStage(tracer: Tracer): StageObserver {
  return (stage, work) => (shownByPorts.has(stage) ? work() : tracer.span(`query.${stage}`, {}, work));
}

/** The same stores where nobody traces. */
export function observedStores<T extends Stores>(
  stores: T,
  { tracer, storeSystem }: Pick<ObservedOptions, 'tracer' | 'storeSystem'>,
): T {
  if (!tracer) return stores;
  return {
    ...stores,
    store: observed(stores.store, storeMethods, storeWatch(tracer, storeSystem, 'passages')),
    catalog: observed(stores.catalog, catalogMethods, storeWatch(tracer, storeSystem, 'books')),
  };
}

/** Of the embedder's id, which is made of many things, the name that people know. */
function modelOf({ id }: Embedder): string {
  return id.split('/')[0] ?? id;
}

function embedWatch(model: string, { metrics, tracer }: Pick<ObservedOptions, 'metrics' | 'tracer'>): Watch {
  return async (_, [texts, options], run) => {
    const size = lengthOf(texts) ?? 0;
    metrics.embeddingBatch.record(size);
    if (!tracer) return await run();
    const question = fieldOf(options, 'kind') === 'question';
    return await tracer.span(
      question ? 'query.embed' : `embeddings ${model}`,
      {
        ...{ 'gen_ai.operation.name': 'embeddings', 'gen_ai.provider.name': 'scriptorium' },
        ...{ 'gen_ai.request.model': model, 'scriptorium.batch.size': size },
      },
      run,
    );
  };
}

/** A search is a stage of a question; the other calls have the names that databases have. */
function storeWatch(tracer: Tracer, system: string, collection: string): Watch {
  return (method, [first], run) => {
    const size = lengthOf(first);
    const attributes: Attributes = {
      ...{ 'db.system.name': system, 'db.operation.name': method, 'db.collection.name': collection },
      ...(Array.isArray(first) && size !== null && { 'db.operation.batch.size': size }),
    };
    const name = collection === 'passages' && isSearch(method) ? 'query.search' : `${method} ${collection}`;
    return tracer.span(name, attributes, async (span) => {
      const result = await run();
      const rows = lengthOf(result);
      if (rows !== null) span.set({ 'db.response.returned_rows': rows });
      return result;
    });
  };
}

function isSearch(method: string): boolean {
  return method === 'search' || method === 'searchText';
}

function chatWatch(tracer: Tracer, model: string): Watch {
  const attributes = {
    ...{ 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' },
    ...{ 'gen_ai.request.model': model, 'gen_ai.output.type': 'text' },
  };
  return (_, [, passages], run) =>
    tracer.span(
      `chat ${model}`,
      { ...attributes, 'scriptorium.passages': lengthOf(passages) ?? 0 },
      async (span) => {
        const written = await run();
        span.set(usageOf(written));
        return written;
      },
    );
}

function usageOf(written: unknown): Attributes {
  const usage = fieldOf(written, 'usage');
  const [input, output] = [fieldOf(usage, 'inputTokens'), fieldOf(usage, 'outputTokens')];
  return {
    ...(typeof input === 'number' && { 'gen_ai.usage.input_tokens': input }),
    ...(typeof output === 'number' && { 'gen_ai.usage.output_tokens': output }),
  };
}

/** Of what is a list or a map; null for anything else, vectors too. */
function lengthOf(value: unknown): number | null {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : null;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}
