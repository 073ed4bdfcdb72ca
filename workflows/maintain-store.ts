/** Looks after the vector store: indexes that pay, new passages taken into them, fragments put together. */
import { proxyActivities } from '@temporalio/workflow';
import type { MaintainActivities } from '../activities/maintain.ts';
import { parseInput } from './input.ts';
import { policies } from './policies.ts';
import { type MaintainInput, type MaintainResult, maintainInput } from './upkeep-contract.ts';

const { maintainPoints } = proxyActivities<MaintainActivities>(policies.upkeep);

export async function maintainStore(raw: MaintainInput = {}): Promise<MaintainResult> {
  return await maintainPoints(parseInput(maintainInput, raw));
}
