/** What the code of the workers says of the model's files. */
import { z } from 'zod';

const variantReport = z.object({
  name: z.string(),
  precision: z.string(),
  /** Share of the ten nearest passages by fp32 that are nearest by it. Null: nobody has measured it. */
  recallAt10: z.number().nullable(),
  /** Null: not at hand. */
  file: z.string().nullable(),
  /** Whether this home uses it. */
  chosen: z.boolean(),
  /** Null: not measured. */
  chunksPerSecond: z.number().nullable(),
  cosine: z.number().nullable(),
});
export type VariantReport = z.infer<typeof variantReport>;

export const modelReport = z.object({
  /** That embed, one core each. */
  threads: z.int(),
  variants: z.array(variantReport),
  /** The variant whose vectors the cosines are to. */
  reference: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ModelReport = z.infer<typeof modelReport>;
