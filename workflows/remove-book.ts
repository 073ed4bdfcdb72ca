/** Takes a book out: its catalog record first, so that searches give nothing of it at once, then its points. */
import { proxyActivities } from '@temporalio/workflow';
import type { RemoveActivities } from '../activities/remove.ts';
import { parseInput } from './input.ts';
import { policies } from './policies.ts';
import { type RemoveBookInput, type RemovedBook, removeBookInput } from './upkeep-contract.ts';

const { findRemovable } = proxyActivities<RemoveActivities>(policies.quick);
const { takeOut } = proxyActivities<RemoveActivities>(policies.upkeep);

export async function removeBook(raw: RemoveBookInput): Promise<RemovedBook> {
  const input = parseInput(removeBookInput, raw);
  const book = await findRemovable(input);
  await takeOut.executeWithOptions({ summary: `remove ${book.points} chunks` }, [input]);
  return book;
}
