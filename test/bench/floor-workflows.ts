/**
 * The least that a durable run over so many books costs on Temporal: a parent that keeps a window of children full and
 * continues as new, children with as many activities as `ingestBook` has, and nothing in them.
 */
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { ACTIVITIES_PER_BOOK, type FloorActivities } from './floor-activities.ts';

const { nothing } = proxyActivities<FloorActivities>({ startToCloseTimeout: '1 minute' });
const done = defineSignal<[number]>('done');
const settled = defineQuery<number>('settled');

export interface FloorInput {
  readonly books: number;
  readonly parallel: number;
  readonly childrenPerStep: number;
  readonly next?: number;
  readonly running?: readonly number[];
}

export async function floorLibrary(input: FloorInput): Promise<void> {
  const { books, parallel, childrenPerStep, next: first = 0 } = input;
  const running = new Set(input.running);
  let next = first;
  setHandler(done, (book) => void running.delete(book));
  setHandler(settled, () => next - running.size);
  const last = Math.min(books, first + childrenPerStep);
  while (next < last) {
    const starts: Promise<unknown>[] = [];
    for (; running.size < parallel && next < last; next++) {
      running.add(next);
      starts.push(startBook(next));
    }
    await Promise.all(starts);
    await condition(() => running.size < parallel);
  }
  if (next < books)
    await continueAsNew<typeof floorLibrary>({
      books,
      parallel,
      childrenPerStep,
      next,
      running: [...running],
    });
  await condition(() => running.size === 0);
}

async function startBook(book: number): Promise<void> {
  await startChild(floorBook, {
    args: [{ book, reportTo: workflowInfo().workflowId }],
    workflowId: `floor/${book}`,
    parentClosePolicy: ParentClosePolicy.ABANDON,
  });
}

export async function floorBook({ book, reportTo }: { book: number; reportTo: string }): Promise<void> {
  for (let activity = 0; activity < ACTIVITIES_PER_BOOK; activity++) await nothing();
  await getExternalWorkflowHandle(reportTo).signal(done, book);
}
