/** Pieces that several schemas of HTTP are made of. */
import { z } from 'zod';
import { bookState, stages } from '../../workflows/contract.ts';

export const whole = z.int().min(0);
export const ms = z.number().min(0);
export const text = z.string();
export const pageRange = z.object({ start: z.int(), end: z.int() });

export const failure = z.object({ stage: z.enum(stages), code: text, message: text, attempts: whole });
export const bookFields = {
  bookId: z.uuid(),
  library: text,
  path: text,
  title: text.nullable(),
  author: text.nullable(),
  state: bookState,
  pages: whole.meta({ description: 'Pages of a PDF, sections of other formats' }),
  unreadable: whole
    .optional()
    .meta({ description: 'Pages or parts that its file is too damaged to give; left out when it gave all' }),
  chunks: whole,
  revision: text.nullable(),
  failure: failure.nullable(),
};
export const bookSummary = z.object(bookFields).meta({ id: 'Book' });

/** RFC 9457. */
export const problem = z
  .object({
    type: text.meta({ description: 'Where the code is explained: a part of a page of this server' }),
    title: text.meta({ description: 'What the code means' }),
    status: z.int().min(400).max(599),
    detail: text.meta({ description: 'What happened, and to which field' }),
    code: text.meta({ description: 'Code of the registry of failures', examples: ['INVALID_ARGUMENT'] }),
    remedy: text.meta({ description: 'What to do' }),
    instance: text.meta({ description: 'Id of the request, as the log of the server has it' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong, as RFC 9457 has it' });
export type Problem = z.infer<typeof problem>;
