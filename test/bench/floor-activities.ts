export interface FloorActivities {
  nothing(): Promise<void>;
}

/** As `ingestBook` has of them: extract, chunk, embed, upsert, verify, commit. */
export const ACTIVITIES_PER_BOOK = 6;

export const FLOOR_QUEUE = 'floor';

export const floorActivities: FloorActivities = { nothing: async () => {} };
