/** The Qdrant server of a file of tests: that of QDRANT_URL where it is set, otherwise the stand-in. */
import { afterAll, beforeAll } from '@jest/globals';
import { QdrantClient } from '@qdrant/js-client-rest';
import { type StandIn, startQdrantStandIn } from '../helpers/qdrant-stand-in.ts';

export interface QdrantServer {
  /** Known when the first test begins. */
  readonly url: string;
  readonly apiKey: string | undefined;
  client(): QdrantClient;
}

export function qdrantServer(): QdrantServer {
  const apiKey = process.env.QDRANT_API_KEY;
  let url = process.env.QDRANT_URL ?? '';
  let standIn: StandIn | null = null;
  beforeAll(async () => {
    if (url !== '') return;
    standIn = await startQdrantStandIn();
    url = standIn.url;
  }, 300_000);
  afterAll(async () => {
    await standIn?.stop();
  });
  return {
    apiKey,
    get url() {
      return url;
    },
    client: () =>
      new QdrantClient({
        url,
        ...(apiKey === undefined ? {} : { headers: { 'api-key': apiKey } }),
        checkCompatibility: false,
      }),
  };
}
