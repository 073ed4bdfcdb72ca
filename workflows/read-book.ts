/** The text of a page, or of some chunks, for clients that do not hold the intermediate files. */
import { proxyLocalActivities } from '@temporalio/workflow';
import type { ReadBookActivities } from '../activities/read-book.ts';
import { type ChunksOfBook, type PageOfBook, type ReadBookInput, readBookInput } from './book-contract.ts';
import { parseInput } from './input.ts';
import { queryPolicy } from './policies.ts';

const { readBookText } = proxyLocalActivities<ReadBookActivities>(queryPolicy);

export async function readBook(raw: ReadBookInput): Promise<PageOfBook | ChunksOfBook> {
  return await readBookText(parseInput(readBookInput, raw));
}
