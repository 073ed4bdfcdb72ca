/** `POST /index` and `GET /status/{job}`: books are handed in, and it is told what became of them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ScriptoriumError } from '../../../activities/errors.ts';
import { DEFAULT_LIBRARY, DEFAULT_PARALLEL, libraryName } from '../../../workflows/contract.ts';
import { parse } from '../../checked-input.ts';
import { type LibraryJob, libraryOfJob, wasRefused } from '../../jobs.ts';
import { type App, audit, principal, problems, type RouteContext } from '../app.ts';
import { API, type HttpJob, indexBody, jobEvents, job as jobSchema, uploadQuery } from '../contract.ts';
import { allowedLibrary, maySee, type Principal } from '../principal.ts';
import { problemOf } from '../problems.ts';
import { pathRights } from '../server-paths.ts';
import type { Service } from '../service.ts';
import { type EventStream, streamEvents, wantsEvents } from '../sse.ts';
import { whileAllowed } from '../while-allowed.ts';
import { eventsText } from './questions.ts';

const tags = ['ingestion'];

/** Printable ASCII, as a header can hold it. */
const indexHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[!-~]{1,200}$/, 'an idempotency key has 1 to 200 printable characters')
    .optional()
    .meta({ description: 'The same key with the same books gives the job that came first' }),
});

export function jobRoutes(app: App, context: RouteContext): void {
  const { service, streams } = context;
  app.post(
    `${API}/index`,
    {
      config: { scope: 'ingest' },
      schema: {
        ...{ operationId: 'index', tags, summary: 'Hand in books: paths of the server, or an upload' },
        description:
          'A job is done whatever is killed after this answer. Uploads are multipart/form-data with up to 100 files.',
        ...{ headers: indexHeaders, querystring: uploadQuery },
        consumes: ['application/json', 'multipart/form-data'],
        response: { 202: jobSchema.describe('The job'), ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      const taken = request.isMultipart()
        ? await takeUpload(context, request, request.query.library, key)
        : await takePaths(context, request, request.query.library, key);
      return await reply
        .code(202)
        .header('location', `${API}/status/${encodeURIComponent(taken.jobId)}`)
        .send({ ...taken, progress: null });
    },
  );

  app.get(
    `${API}/status/:job_id`,
    {
      config: { scope: 'ingest' },
      schema: {
        ...{ operationId: 'getJob', tags, summary: 'Where a job stands' },
        description: eventsText(jobEvents),
        params: z.object({ job_id: z.string().meta({ description: 'What `POST /index` gave' }) }),
        response: {
          200: {
            description: 'The job',
            content: {
              'application/json': { schema: jobSchema },
              'text/event-stream': { schema: z.string() },
            },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const who = principal(request);
      const id = request.params.job_id;
      const first = await seenJob(service, who, id);
      if (!wantsEvents(request)) return first;
      return await streams.count(who.id, () =>
        whileAllowed(context, request, (refused) =>
          streamEvents(reply, (stream) =>
            watch(stream, refused, first, request.id, () => seenJob(service, who, id)),
          ),
        ),
      );
    },
  );
}

async function takePaths(
  { service, serverPaths }: RouteContext,
  request: FastifyRequest,
  asked: string | undefined,
  key: string | undefined,
): Promise<LibraryJob> {
  const who = principal(request);
  const { paths, library, parallel } = parse(indexBody, request.body);
  if (asked !== undefined && library !== undefined && asked !== library)
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      `library: the address says ${asked}, and the body ${library}`,
    );
  await pathRights(who, serverPaths).check(paths);
  const named = allowedLibrary(who, library ?? asked) ?? DEFAULT_LIBRARY;
  return await audit(request, 'index paths', { library: named, paths }, () =>
    service.addJob(named, paths, { parallel, idempotencyKey: scoped(who, key) }),
  );
}

async function takeUpload(
  { service, uploads }: RouteContext,
  request: FastifyRequest,
  asked: string | undefined,
  key: string | undefined,
): Promise<LibraryJob> {
  const who = principal(request);
  // Known before the first byte is kept: nobody fills the disk for a library that is not theirs.
  const library = parse(libraryName, allowedLibrary(who, asked) ?? DEFAULT_LIBRARY);
  await service.assertRoom(library);
  await using upload = await uploads.receive(request, library, who.id);
  return await audit(request, 'index upload', { library, files: upload.files }, async () => {
    const paths = await upload.keep();
    const options = { parallel: DEFAULT_PARALLEL, idempotencyKey: scoped(who, key) };
    const job = await service.addJob(library, paths, options).catch((error: unknown) => {
      if (!wasRefused(error)) upload.taken();
      throw error;
    });
    upload.taken();
    return job;
  });
}

/** Two askers may choose the same key. */
function scoped({ id }: Principal, key: string | undefined): string | undefined {
  return key === undefined ? undefined : `${id}:${key}`;
}

async function seenJob(service: Service, who: Principal, jobId: string): Promise<HttpJob> {
  if (!maySee(who, libraryOfJob(jobId)))
    throw new ScriptoriumError('JOB_NOT_FOUND', `There is no job ${jobId}`);
  const found = await service.job(jobId);
  // Between two steps of the run, or before its first, there is nothing to ask.
  const progress = found.state === 'running' ? await service.run(found.library).catch(() => null) : null;
  return jobSchema.parse({ ...found, progress });
}

const LOOK_EVERY_MS = 1_000;

async function watch(
  stream: EventStream,
  refused: AbortSignal,
  first: HttpJob,
  requestId: string,
  look: () => Promise<HttpJob>,
): Promise<void> {
  const signal = AbortSignal.any([stream.signal, refused]);
  try {
    for (let job = first; ; job = await look()) {
      stream.send('job', job);
      if (stream.signal.aborted || job.endedAtMs !== null) return;
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
      if (stream.signal.aborted) return;
      refused.throwIfAborted();
    }
  } catch (error) {
    stream.send('problem', problemOf(error, requestId));
  }
}
