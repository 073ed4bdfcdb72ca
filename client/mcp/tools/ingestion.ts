/** `ingest` and `ingest_status`. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ScriptoriumError } from '../../../activities/errors.ts';
import { DEFAULT_LIBRARY } from '../../../workflows/contract.ts';
import { plural, printable } from '../../cli/output.ts';
import { percent, runText } from '../../cli/run-rows.ts';
import { isOutage } from '../../failures.ts';
import { indexBody, job } from '../../http/contract.ts';
import { allowedLibrary, maySee } from '../../http/principal.ts';
import type { Run, Service } from '../../http/service.ts';
import { type LibraryJob, libraryOfJob } from '../../jobs.ts';
import { defineTool, type ToolContext } from '../tool.ts';

interface SeenJob extends LibraryJob {
  /** Null unless its run goes on. */
  readonly progress: Run | null;
}

export const ingestTool = defineTool({
  name: 'ingest',
  title: 'Ingest books',
  description:
    'Makes the books in files and folders searchable: PDF, EPUB, DOCX, HTML, Markdown and plain text. Unchanged books are skipped, so that it may be repeated. ' +
    'It returns a jobId at once, and the work goes on durably whatever happens; look at it with `ingest_status`. ' +
    'With `wait: true` it returns at the end of the job, which may take from seconds to hours, and sends progress; to cancel the call only ends the waiting, never the job.',
  scope: 'ingest',
  input: z.strictObject({
    paths: indexBody.shape.paths.describe(
      'Absolute paths of files and folders on the machine of the workers',
    ),
    library: indexBody.shape.library.describe(
      `Library that the books belong to; \`${DEFAULT_LIBRARY}\`, or the only one that you may use`,
    ),
    parallel: indexBody.shape.parallel.describe('Books at once'),
    wait: z.boolean().default(false).describe('Whether to return only when the job is over'),
  }),
  output: job,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  run: async ({ paths, library, parallel, wait }, context) => {
    await context.checkPaths(paths);
    const named = allowedLibrary(context.rights, library) ?? DEFAULT_LIBRARY;
    const added = await context.audit('ingest', { library: named, paths }, () =>
      context.service.addJob(named, paths, { parallel }),
    );
    const taken = { ...added, progress: null };
    const seen = wait ? await waitFor(taken, context) : taken;
    return { data: seen, text: jobText(seen) };
  },
});

export const ingestStatusTool = defineTool({
  name: 'ingest_status',
  title: 'Look at an ingestion',
  description:
    'Says where a job of `ingest` stands: waiting, running (with books done, rate and time left), done (with what became of its books, and the reasons of those that failed), failed or cancelled.',
  scope: 'ingest',
  input: z.strictObject({ jobId: z.string().max(256).describe('What `ingest` gave') }),
  output: job,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  run: async ({ jobId }, { service, rights }) => {
    if (!maySee(rights, libraryOfJob(jobId)))
      throw new ScriptoriumError('JOB_NOT_FOUND', `There is no job ${jobId}`);
    const seen = await look(service, jobId);
    return { data: seen, text: jobText(seen) };
  },
});

const LOOK_EVERY_MS = 1_000;

/** To its end, or until nobody waits any more: the job is not concerned. */
async function waitFor(taken: SeenJob, { service, signal, progress, note }: ToolContext): Promise<SeenJob> {
  let seen = taken;
  while (seen.endedAtMs === null && !signal.aborted) {
    progress?.share(seen.progress?.done ?? 0, jobText(seen));
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    // An outage of Temporal is none of the job's: it is asked again.
    seen = await look(service, taken.jobId).catch((error: unknown) => {
      if (isOutage(error)) return seen;
      throw error;
    });
  }
  if (signal.aborted && seen.endedAtMs === null)
    note(`No longer waiting for job ${seen.jobId}; it goes on. Look at it with ingest_status.`);
  return seen;
}

async function look(service: Service, jobId: string): Promise<SeenJob> {
  const found = await service.job(jobId);
  // Between two steps of the run, or before its first, there is nothing to ask.
  const progress = found.state === 'running' ? await service.run(found.library).catch(() => null) : null;
  return { ...found, progress };
}

export function jobText({ jobId, state, before, progress, result, failure }: SeenJob): string {
  const head = `Job ${jobId}: ${state}`;
  if (state === 'waiting') return `${head}, behind ${plural(before, 'other job')}. It goes on by itself.`;
  if (progress) return `${head}, ${percent(progress.done)}: ${runText(progress)}`;
  if (failure) return `${head}: ${failure.code}: ${printable(failure.message)}`;
  if (!result) return head;
  const { total, ingested, unchanged, failed, cancelled } = result.books;
  const counts = `${plural(total, 'book')}: ${ingested} ingested, ${unchanged} unchanged, ${failed} failed, ${cancelled} cancelled`;
  const failures = result.failures.map(
    ({ path, code, message }) => `- ${printable(path)}: ${code}: ${printable(message)}`,
  );
  return [`${head}. ${counts}.`, ...failures].join('\n');
}
