/** Holds catalog, artifacts and store against each other, and mends the store where asked to. */
import { proxyActivities } from '@temporalio/workflow';
import type { VerifyActivities } from '../activities/verify.ts';
import { parseInput } from './input.ts';
import { policies } from './policies.ts';
import { type VerifyInput, type VerifyResult, verifyInput } from './upkeep-contract.ts';

const { verifyBooks } = proxyActivities<VerifyActivities>(policies.upkeep);

export async function verifyLibrary(raw: VerifyInput): Promise<VerifyResult> {
  return await verifyBooks(parseInput(verifyInput, raw));
}
