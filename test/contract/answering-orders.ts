/** What `answering-process.ts` is told to do, and what it says. */
import { z } from 'zod';

const asked = { n: z.number(), question: z.string() };
const revision = { name: z.string(), revision: z.string() };
export const order = z.discriminatedUnion('do', [
  z.object({ do: z.literal('open'), folder: z.string() }),
  z.object({ do: z.literal('close') }),
  z.object({ do: z.literal('begin'), ...asked }),
  z.object({ do: z.literal('retrieve'), ...asked }),
  z.object({ do: z.literal('write'), ...asked }),
  z.object({ do: z.literal('upsert'), ...revision }),
  z.object({ do: z.literal('commit'), ...revision }),
  z.object({ do: z.literal('dropStale'), ...revision }),
  z.object({ do: z.literal('takeOut'), name: z.string() }),
  z.object({ do: z.literal('deletePoints'), name: z.string() }),
  z.object({ do: z.literal('clear') }),
  z.object({ do: z.literal('idle') }),
]);
export type Order = z.infer<typeof order>;

/** What a step of a question comes to. */
export const reply = z.object({
  /** What was cited, when the question is answered by this step. */
  quotes: z.array(z.string()).nullable(),
  cached: z.enum(['exact', 'semantic']).nullable(),
  /** Of answers that were found and not given. */
  refusals: z.number(),
  failures: z.number(),
});
export type Reply = z.infer<typeof reply>;
