/** A page of the catalog, for clients that do not hold the store. */
import { proxyLocalActivities } from '@temporalio/workflow';
import type { CatalogActivities } from '../activities/catalog.ts';
import { type ListBooksInput, listBooksInput } from './contract.ts';
import { parseInput } from './input.ts';
import { queryPolicy } from './policies.ts';
import type { BookPage } from './result-contract.ts';

const { listCatalog } = proxyLocalActivities<CatalogActivities>(queryPolicy);

export async function listBooks(raw: ListBooksInput): Promise<BookPage> {
  return await listCatalog(parseInput(listBooksInput, raw));
}
