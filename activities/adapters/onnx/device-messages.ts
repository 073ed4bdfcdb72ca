/** What passes between the embedder and a thread that holds a device's session. */
import { z } from 'zod';
import { pooling } from './pooling.ts';

export const deviceThreadOptions = z.object({
  modelPath: z.string(),
  /** Execution provider of ONNX Runtime. `cpu` is for tests: the CPU has an embedder of its own. */
  provider: z.enum(['cuda', 'webgpu', 'cpu']),
  pooling,
});
export type DeviceThreadOptions = z.infer<typeof deviceThreadOptions>;

export const deviceJob = z.object({
  rows: z.int().positive(),
  tokens: z.int().positive(),
  ids: z.instanceof(Int32Array),
  lengths: z.instanceof(Int32Array),
});

/** Message to a thread: end. */
export const CLOSE = 'close';

export const deviceReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), dimensions: z.int().positive() }),
  z.object({ kind: z.literal('done'), vectors: z.instanceof(Float32Array) }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);
export type DeviceReply = z.infer<typeof deviceReply>;
