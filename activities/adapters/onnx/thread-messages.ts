import { z } from 'zod';
import { pooling } from './pooling.ts';

export const threadOptions = z.object({
  modelPath: z.string(),
  maxTokens: z.int().positive(),
  /** Of a model whose graph does not pool itself. */
  pooling,
  /** Whether the model is optimised for this machine already. */
  isLaidOut: z.boolean(),
});
export type ThreadOptions = z.infer<typeof threadOptions>;

/**
 * `texts` are token ids, special tokens included, `maxTokens` at most. An urgent job is done before all others, and between two
 * texts of one that is under way.
 */
export const embedJob = z.object({
  id: z.int(),
  texts: z.array(z.instanceof(Int32Array)),
  urgent: z.boolean(),
});
export type EmbedJob = z.infer<typeof embedJob>;

export const threadReady = z.object({ kind: z.literal('ready'), dimensions: z.int().positive() });
export type ThreadReady = z.infer<typeof threadReady>;

/** `vectors` holds the vectors of the job's texts one behind the other. */
export const embedReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), id: z.int(), vectors: z.instanceof(Float32Array) }),
  z.object({ kind: z.literal('failed'), id: z.int(), message: z.string() }),
]);
export type EmbedReply = z.infer<typeof embedReply>;

/** Message to a thread: finish the job in hand, and end. */
export const CLOSE = 'close';
