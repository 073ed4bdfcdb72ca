import { LanceAnswerCache } from '../../activities/adapters/lancedb/answer-cache.ts';
import { LanceUsageLedger } from '../../activities/adapters/lancedb/usage-ledger.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { answerCacheContract } from './answer-cache-contract.ts';
import { DIMENSIONS } from './store-fixtures.ts';
import { usageLedgerContract } from './usage-ledger-contract.ts';

answerCacheContract('LanceDB', async () => {
  const folder = await tempFolder();
  return {
    open: async (embedderId = 'model') =>
      await LanceAnswerCache.open({ folder: folder.path, embedderId, dimensions: DIMENSIONS }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

usageLedgerContract('LanceDB', async () => {
  const folder = await tempFolder();
  return {
    open: () => LanceUsageLedger.open(folder.path),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
