/** Where a book, a chunk or a run came from, for clients that do not hold the store. */
import { proxyLocalActivities } from '@temporalio/workflow';
import type { ExplainActivities } from '../activities/explain.ts';
import { parseInput } from './input.ts';
import { queryPolicy } from './policies.ts';
import { type Explained, type ExplainInput, explainInput } from './upkeep-contract.ts';

const { explainSubject } = proxyLocalActivities<ExplainActivities>(queryPolicy);

export async function explain(raw: ExplainInput): Promise<Explained> {
  return await explainSubject(parseInput(explainInput, raw));
}
