import type { Table } from '@lancedb/lancedb';
import { isConflict } from '../../activities/adapters/lancedb/failures.ts';
import { eventually } from './eventually.ts';

/** Compacts, however often a store that tends the same table is first. */
export async function compact(table: Table): Promise<void> {
  await eventually(async () => {
    try {
      return await table.optimize();
    } catch (error) {
      if (isConflict(error)) return null;
      throw error;
    }
  });
}
