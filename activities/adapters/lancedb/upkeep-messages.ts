import { z } from 'zod';

/** What the process of upkeep is started with, as JSON. */
export const upkeepOrder = z.object({
  folder: z.string(),
  table: z.string(),
  /** Whether rows are being added: what takes minutes can wait. */
  growing: z.boolean(),
  /** Whether questions are being asked: what makes them quick can't. */
  asked: z.boolean(),
});
export type UpkeepOrder = z.infer<typeof upkeepOrder>;

/** What it sends, at its end. */
export const upkeepReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), done: z.array(z.string()), more: z.boolean() }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);
export type UpkeepReply = z.infer<typeof upkeepReply>;
