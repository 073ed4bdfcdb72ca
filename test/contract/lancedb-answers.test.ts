import { LanceAnswerCache } from '../../activities/adapters/lancedb/answer-cache.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { answerCacheContract } from './answer-cache-contract.ts';
import { DIMENSIONS } from './store-fixtures.ts';

answerCacheContract('LanceDB', async () => {
  const folder = await tempFolder();
  return {
    open: async (embedderId = 'model') =>
      await LanceAnswerCache.open({ folder: folder.path, embedderId, dimensions: DIMENSIONS }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
