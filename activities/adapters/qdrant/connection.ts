import { QdrantClient } from '@qdrant/js-client-rest';
import { ScriptoriumError } from '../../errors.ts';
import { withRetryAfter } from './answer-headers.ts';
import { qdrantFailure } from './failures.ts';

export interface QdrantConnectionOptions {
  /**
   * Address of the server. A URL without a port means the port of its scheme, 443 or 80, as everywhere else;
   * Qdrant's own client would turn it into 6333, which no load balancer listens on. A path is kept as a prefix.
   */
  readonly url: string;
  /** Sent as header `api-key`; undefined sends none. */
  readonly apiKey?: string | undefined;
  /** Longest time for one request, in milliseconds. */
  readonly timeoutMs: number;
}

/** A client whose calls throw errors of the registry. It does not retry; the caller does (Temporal). */
export class QdrantConnection {
  readonly url: string;
  readonly #client: QdrantClient;

  /** @throws ScriptoriumError INVALID_CONFIG when the URL is no http or https address */
  constructor(options: QdrantConnectionOptions) {
    const url = parseUrl(options.url);
    this.url = url.origin;
    this.#client = new QdrantClient({
      url: url.origin,
      port: null,
      prefix: url.pathname.replace(/\/+$/, ''),
      timeout: options.timeoutMs,
      // The check runs on its own, unawaited, and prints to the console.
      checkCompatibility: false,
      // The client's own option prints a warning to the console for every http address, loopback as well.
      ...(options.apiKey === undefined ? {} : { headers: { 'api-key': options.apiKey } }),
    });
  }

  /** One request. `action` completes «could not …» in the error's message. */
  async call<T>(action: string, request: (client: QdrantClient) => Promise<T>): Promise<T> {
    return await withRetryAfter(
      () => request(this.#client),
      (error, retryAfter) => qdrantFailure(error, { url: this.url, action, retryAfter }),
    );
  }

  /**
   * Makes the collection where it is missing, and the indexes of its payload by field, which Qdrant can use for a filtered
   * search only if they were there before the points. Any number of processes may do so at the same time.
   */
  async ensureCollection(
    name: string,
    shape: CollectionShape,
    indexes: Readonly<Record<string, 'keyword' | 'integer'>>,
  ): Promise<void> {
    await this.#createIfMissing(name, shape);
    for (const [field, kind] of Object.entries(indexes)) {
      await this.call(`index ${field} of ${name}`, (client) =>
        client.createPayloadIndex(name, { field_name: field, field_schema: kind, wait: true }),
      );
    }
  }

  async #createIfMissing(name: string, shape: CollectionShape): Promise<void> {
    if (await this.exists(name)) return;
    try {
      await this.call(`create collection ${name}`, (client) => client.createCollection(name, shape));
    } catch (error) {
      // Another process made it in between; any other failure left it missing.
      if (!(await this.exists(name))) throw error;
    }
  }

  async exists(name: string): Promise<boolean> {
    const { exists } = await this.call(`look for collection ${name}`, (client) =>
      client.collectionExists(name),
    );
    return exists;
  }
}

export type CollectionShape = Parameters<QdrantClient['createCollection']>[1];

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      `QDRANT_URL is "${text}", which is no http or https address.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      'QDRANT_URL holds a user name or password; Qdrant takes QDRANT_API_KEY.',
    );
  }
  return url;
}
