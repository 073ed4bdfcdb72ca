/** What embeds, by the environment: the model of a folder, an endpoint, or else the default. */
import { resolve } from 'node:path';
import type { EndpointEmbedderOptions } from '../activities/adapters/endpoint/endpoint-embedder.ts';
import { ScriptoriumError } from '../activities/errors.ts';
import type { Environment } from './environment.ts';

export interface ModelFolder {
  readonly path: string;
  /** Instead of the words that its files name. */
  readonly prefixes: { readonly question: string | undefined; readonly passage: string | undefined };
}

/** Neither the default model nor an endpoint's absence shows that a setting is of no effect: an answer would only be worse. */
export function refuseIdleSettings(set: Environment): void {
  if (set.SCRIPTORIUM_EMBEDDINGS_URL ?? set.SCRIPTORIUM_EMBEDDINGS_MODEL ?? set.SCRIPTORIUM_EMBEDDINGS_KEY)
    return;
  const prefixes = ['SCRIPTORIUM_EMBEDDINGS_QUERY_PREFIX', 'SCRIPTORIUM_EMBEDDINGS_PASSAGE_PREFIX'] as const;
  const idle = [
    ...(set.SCRIPTORIUM_MODEL_FOLDER ? [] : prefixes),
    'SCRIPTORIUM_EMBEDDINGS_DIMENSIONS' as const,
  ].find((name) => set[name] !== undefined);
  if (!idle) return;
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    `${idle} is set and has no effect: it is for ${idle.endsWith('PREFIX') ? 'SCRIPTORIUM_MODEL_FOLDER or ' : ''}an endpoint ` +
      '(SCRIPTORIUM_EMBEDDINGS_URL, _MODEL); unset it, or name the model with one of these',
  );
}

export function modelFolderOf(set: Environment): ModelFolder | null {
  if (!set.SCRIPTORIUM_MODEL_FOLDER) return null;
  return { path: resolve(set.SCRIPTORIUM_MODEL_FOLDER), prefixes: prefixesOf(set) };
}

function prefixesOf(set: Environment) {
  return {
    question: set.SCRIPTORIUM_EMBEDDINGS_QUERY_PREFIX,
    passage: set.SCRIPTORIUM_EMBEDDINGS_PASSAGE_PREFIX,
  };
}

/** As with answers, only OpenAI's own needs a key. */
export function embeddingEndpointOf(set: Environment): EndpointEmbedderOptions | null {
  const { SCRIPTORIUM_EMBEDDINGS_MODEL: model, SCRIPTORIUM_EMBEDDINGS_URL: baseUrl } = set;
  const apiKey = set.SCRIPTORIUM_EMBEDDINGS_KEY;
  if (!model && !baseUrl && !apiKey) return null;
  if (set.SCRIPTORIUM_MODEL_FOLDER)
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      'SCRIPTORIUM_MODEL_FOLDER names a model, and SCRIPTORIUM_EMBEDDINGS_URL, _MODEL or _KEY an endpoint; unset one or the other',
    );
  if (!model || (!baseUrl && !apiKey)) {
    const missing = model ? 'SCRIPTORIUM_EMBEDDINGS_URL' : 'SCRIPTORIUM_EMBEDDINGS_MODEL';
    throw new ScriptoriumError('INVALID_CONFIG', `An embedding endpoint is set, and ${missing} is not`);
  }
  const { SCRIPTORIUM_EMBEDDINGS_MAX_TOKENS: most, SCRIPTORIUM_CHUNK_TOKENS: chunk } = set;
  if (chunk > most)
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      `SCRIPTORIUM_CHUNK_TOKENS=${chunk} is more than SCRIPTORIUM_EMBEDDINGS_MAX_TOKENS=${most}`,
    );
  const prefixes = prefixesOf(set);
  return {
    ...{ baseUrl, apiKey: apiKey ?? 'none', model },
    dimensions: set.SCRIPTORIUM_EMBEDDINGS_DIMENSIONS,
    maxTokens: set.SCRIPTORIUM_EMBEDDINGS_MAX_TOKENS,
    prefixes: { question: prefixes.question ?? '', passage: prefixes.passage ?? '' },
    textsPerRequest: set.SCRIPTORIUM_EMBEDDINGS_TEXTS,
    requestsAtOnce: set.SCRIPTORIUM_EMBEDDINGS_REQUESTS,
    timeoutMs: set.SCRIPTORIUM_EMBEDDINGS_TIMEOUT_S * 1_000,
  };
}
