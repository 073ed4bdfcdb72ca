import { afterAll, beforeAll } from '@jest/globals';
import { v4 as uuid } from 'uuid';
import { QdrantAnswerCache } from '../../activities/adapters/qdrant/answer-cache.ts';
import { QdrantUsageLedger } from '../../activities/adapters/qdrant/usage-ledger.ts';
import { type StandIn, startQdrantStandIn } from '../helpers/qdrant-stand-in.ts';
import { answerCacheContract } from './answer-cache-contract.ts';
import { DIMENSIONS } from './store-fixtures.ts';
import { usageLedgerContract } from './usage-ledger-contract.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startQdrantStandIn();
}, 300_000);
afterAll(async () => await standIn?.stop());

answerCacheContract('Qdrant', async () => {
  const prefix = `test-${uuid()}`;
  return {
    open: async (embedderId = 'model') =>
      await QdrantAnswerCache.open({
        ...{ url: standIn.url, embedderId, dimensions: DIMENSIONS, prefix, timeoutMs: 60_000 },
      }),
    [Symbol.asyncDispose]: async () => {},
  };
});

usageLedgerContract('Qdrant', async () => {
  const prefix = `test-${uuid()}`;
  return {
    open: () => QdrantUsageLedger.open({ url: standIn.url, prefix, timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: async () => {},
  };
});
