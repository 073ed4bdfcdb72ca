/** A search without an answer, for clients that do not hold the store. */
import { proxyLocalActivities } from '@temporalio/workflow';
import type { RetrieveActivities } from '../activities/retrieve.ts';
import { type SearchInput, searchInput } from './contract.ts';
import { inTime } from './in-time.ts';
import { parseInput } from './input.ts';
import { queryPolicy } from './policies.ts';
import type { SearchResult } from './result-contract.ts';

const { search } = proxyLocalActivities<RetrieveActivities>(queryPolicy);

export async function searchLibrary(raw: SearchInput): Promise<SearchResult> {
  return await inTime('search', search(parseInput(searchInput, raw)));
}
