import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { catalogContract } from './catalog-contract.ts';
import { type Backing, DIMENSIONS } from './store-fixtures.ts';
import { vectorLexicalContract } from './vector-lexical-contract.ts';
import { vectorScanContract } from './vector-scan-contract.ts';
import { vectorSearchContract } from './vector-search-contract.ts';
import { vectorStoreContract } from './vector-store-contract.ts';

async function newFolder(): Promise<Backing> {
  const folder = await mkdtemp(join(tmpdir(), 'scriptorium-lance-'));
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  return {
    open: async (embedderId = 'model', dimensions = DIMENSIONS) =>
      await openLanceStores({ folder, embedderId, dimensions }),
    lose: remove,
    [Symbol.asyncDispose]: remove,
  };
}

vectorStoreContract('LanceDB', newFolder);
vectorSearchContract('LanceDB', newFolder);
vectorLexicalContract('LanceDB', newFolder);
vectorScanContract('LanceDB', newFolder);
catalogContract('LanceDB', newFolder);
