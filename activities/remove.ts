/** A book and all that is searchable of it, taken out. */
import type { RemovedBook } from '../workflows/upkeep-contract.ts';
import type { StageLimits } from './attempt.ts';
import { ScriptoriumError } from './errors.ts';
import { requireModelOf, requireWorkerModel } from './library-model.ts';
import type { Pipeline } from './pipeline.ts';
import type { Catalog } from './ports/catalog.ts';
import type { VectorStore } from './ports/vector-store.ts';
import { ingestStage } from './stage.ts';

export interface RemovePorts {
  readonly catalog: Catalog;
  readonly store: VectorStore;
  readonly limits: StageLimits;
  readonly pipeline: Pick<Pipeline, 'embedderId'>;
}

export interface RemovableBook {
  readonly library: string;
  readonly bookId: string;
}

export type RemoveActivities = ReturnType<typeof createRemoveActivities>;

export function createRemoveActivities({ catalog, store, limits, pipeline }: RemovePorts) {
  return {
    /** @throws BOOK_NOT_FOUND when there is neither a record nor a point, MODEL_MISMATCH when its points can't be seen */
    findRemovable: ingestStage(async ({ library, bookId }: RemovableBook): Promise<RemovedBook> => {
      const record = (await catalog.get([bookId])).get(bookId);
      const points = await store.count(bookId);
      if (record ? record.library !== library : points === 0)
        throw new ScriptoriumError('BOOK_NOT_FOUND', `Library ${library} has no book ${bookId}`);
      await requireModelOf(catalog, library, pipeline.embedderId);
      return { bookId, library, path: record?.path ?? null, title: record?.title ?? null, points };
    }, limits),
    /** The record first: from then on no search gives any of its points. Doing it again changes nothing. */
    takeOut: ingestStage(async ({ library, bookId }: RemovableBook): Promise<void> => {
      await requireWorkerModel(catalog, library, pipeline.embedderId);
      await catalog.remove([bookId]);
      await store.delete(bookId);
    }, limits),
  };
}
