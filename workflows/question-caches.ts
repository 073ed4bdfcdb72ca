/** The caches of questions, shown or cleared, for clients that do not hold them. */
import { proxyLocalActivities } from '@temporalio/workflow';
import type { CacheActivities } from '../activities/caches.ts';
import { type CachesInput, type CachesReport, cachesInput } from './cache-contract.ts';
import { parseInput } from './input.ts';
import { queryPolicy } from './policies.ts';

const { reportCaches } = proxyLocalActivities<CacheActivities>(queryPolicy);

export async function questionCaches(raw: CachesInput): Promise<CachesReport> {
  return await reportCaches(parseInput(cachesInput, raw));
}
