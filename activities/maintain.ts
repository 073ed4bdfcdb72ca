/** Upkeep of the vector store: it makes searches faster, and changes nothing of what they give. */
import type { MaintainResult } from '../workflows/upkeep-contract.ts';
import type { StageLimits } from './attempt.ts';
import type { VectorStore } from './ports/vector-store.ts';
import { ingestStage } from './stage.ts';

export interface MaintainPorts {
  readonly store: VectorStore;
  readonly limits: StageLimits;
}

/** Longest time of one round, in milliseconds: an index of ten million rows takes half an hour of a core. */
const ROUND_STALL_MS = 2 * 3_600_000;
/** Rounds in one go: a store that is being written has always more to do, and the next check finds it. */
const MOST_ROUNDS = 5;

export type MaintainActivities = ReturnType<typeof createMaintainActivities>;

export function createMaintainActivities({ store, limits }: MaintainPorts) {
  return {
    /** Any number of attempts, each ended at any moment, come to the same. */
    maintainPoints: ingestStage(
      async (_: object, context): Promise<MaintainResult> => {
        const done: string[] = [];
        for (let round = 1; round <= MOST_ROUNDS; round++) {
          const upkeep = await store.maintain(context.signal);
          done.push(...upkeep.done);
          context.progress(done.length, null);
          if (!upkeep.more) break;
        }
        return { done };
      },
      // What takes too long is another process, which ends: this one is sound.
      { maxOutageMs: limits.maxOutageMs, maxStallMs: ROUND_STALL_MS },
    ),
  };
}
