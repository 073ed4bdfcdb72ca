import { z } from 'zod';
import { bookFormats } from '../../../ports/documents.ts';

/** What passes between the workers' process and a sandbox process. Both sides parse what arrives. */

const pageText = z.object({
  index: z.number(),
  page: z.number().nullable(),
  section: z.array(z.string()),
  text: z.string(),
  unreadable: z.literal(true).optional(),
});
const units = z.array(pageText);
const limits = z.object({ maxFileBytes: z.number(), maxTextBytes: z.number() });
const chunkOptions = z.object({ maxTokens: z.number(), overlapTokens: z.number() });

export const requestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('open'), path: z.string(), limits }),
  z.object({ kind: z.literal('read'), from: z.number(), to: z.number() }),
  z.object({ kind: z.literal('close') }),
  z.object({ kind: z.literal('chunk-start'), options: chunkOptions, tokenizerPath: z.string() }),
  z.object({ kind: z.literal('chunk-push'), units }),
  z.object({ kind: z.literal('chunk-finish') }),
]);
export type SandboxRequest = z.infer<typeof requestSchema>;

/** One answer a request, in order. `rssBytes` is the resident memory of the process after the work. */
export const replySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), rssBytes: z.number(), value: z.unknown() }),
  z.object({
    ok: z.literal(false),
    rssBytes: z.number(),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);
export type SandboxReply = z.infer<typeof replySchema>;

export const nothingSchema = z.undefined();
export const unitsSchema = units;
export const metaSchema = z.object({
  format: z.enum(bookFormats),
  title: z.string().nullable(),
  author: z.string().nullable(),
  language: z.string().nullable(),
  year: z.number().nullable(),
  units: z.number(),
  paged: z.boolean(),
  engine: z.string(),
  unreadable: z.number().optional(),
});
export const chunksSchema = z.array(
  z.object({
    ordinal: z.number(),
    text: z.string(),
    tokens: z.number(),
    page: z.object({ start: z.number(), end: z.number() }).nullable(),
    section: z.array(z.string()),
  }),
);

/** Written to standard error by the watchdog before it ends its process for memory. */
export const MEMORY_MARKER = 'sandbox: memory limit passed';

/** What the watchdog of a sandbox process is told. */
export const watchdogSchema = z.object({ maxMemoryBytes: z.number(), parentPid: z.number() });
export type WatchdogOptions = z.infer<typeof watchdogSchema>;
