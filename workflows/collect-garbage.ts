/** Drops intermediate files that no committed book needs. */
import { proxyActivities } from '@temporalio/workflow';
import type { GarbageActivities } from '../activities/gc.ts';
import { parseInput } from './input.ts';
import { policies } from './policies.ts';
import { type GarbageInput, type GarbageResult, garbageInput } from './upkeep-contract.ts';

const { dropUnneeded } = proxyActivities<GarbageActivities>(policies.upkeep);

export async function collectGarbage(raw: GarbageInput): Promise<GarbageResult> {
  return await dropUnneeded(parseInput(garbageInput, raw));
}
