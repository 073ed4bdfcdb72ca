/**
 * A process that looks after one table, at a low priority: questions and ingestion go first wherever cores are short, and
 * the memory that building an index takes is given back. Whenever it is killed, the table is as it was before the step
 * at hand.
 */
import { lowerPriority } from '../../lower-priority.ts';
import { openLanceDatabase } from './database.ts';
import { isConflict } from './failures.ts';
import { litterOf } from './litter.ts';
import { type UpkeepOrder, type UpkeepReply, upkeepOrder } from './upkeep-messages.ts';
import { planUpkeep } from './upkeep-plan.ts';
import { tableState, takeStep } from './upkeep-steps.ts';

/**
 * Five steps below ingestion (`worker-main.ts`): a quarter of a core that both want. At the lowest of all it got a twentieth
 * beside the embedder of a long run, and questions read ever more texts that no index held.
 */
const NICENESS = 10;

lowerPriority(NICENESS);
// Nobody waits for the outcome any more.
process.on('disconnect', () => process.exit());

const order = upkeepOrder.parse(JSON.parse(process.argv[2] ?? ''));
const reply = await outcomeOf(order);
process.send?.(reply, () => process.disconnect());

async function outcomeOf(wanted: UpkeepOrder): Promise<UpkeepReply> {
  try {
    return await maintain(wanted);
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

async function maintain({ folder, table: name, growing, asked }: UpkeepOrder): Promise<UpkeepReply> {
  const { lance, connection } = await openLanceDatabase(folder);
  const table = await connection.openTable(name);
  const done: string[] = [];
  const state = await tableState(table);
  const littered = (await litterOf({ folder, table: name }, state.fragments)) > 0;
  // Whoever asks has a reason; what is there is then taken into the indexes to the last row.
  for (const step of planUpkeep(state, { mostUnindexed: 0, growing, asked, littered })) {
    try {
      done.push(await takeStep(lance, table, step));
    } catch (error) {
      // Another process moved the same rows meanwhile: what was done stays, and the rest is tried in another round.
      if (isConflict(error)) return { kind: 'done', done, more: true };
      throw error;
    }
  }
  return { kind: 'done', done, more: false };
}
