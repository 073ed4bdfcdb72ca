/** Runs: what goes on, and how it is steered; and what failed. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { errorRegistry, isErrorCode, ScriptoriumError } from '../../../activities/errors.ts';
import { libraryName } from '../../../workflows/contract.ts';
import { type App, audit, principal, problems, type RouteContext } from '../app.ts';
import {
  API,
  failurePage,
  failuresQuery,
  runActionBodies,
  runActions,
  runList,
  runProgress,
  steered,
} from '../contract.ts';
import { allowedScope, maySee, type Principal } from '../principal.ts';
import type { RunAction } from '../service.ts';

const tags = ['runs'];
const runParams = z.object({
  id: libraryName.meta({ description: 'The library: it has one run at a time', examples: ['default'] }),
});

export function runRoutes(app: App, context: RouteContext): void {
  const { service } = context;
  app.get(
    `${API}/runs`,
    {
      config: { scope: 'ingest' },
      schema: {
        ...{ operationId: 'listRuns', tags, summary: 'The runs that are going on' },
        response: { 200: runList, ...problems() },
      },
    },
    async (request) => {
      const who = principal(request);
      return { runs: (await service.runs()).filter(({ library }) => maySee(who, library)) };
    },
  );

  app.get(
    `${API}/runs/:id`,
    {
      config: { scope: 'ingest' },
      schema: {
        ...{ operationId: 'getRun', tags, summary: 'The latest run over a library', params: runParams },
        response: { 200: runProgress, ...problems(404) },
      },
    },
    async (request) => await service.run(seenRun(principal(request), request.params.id)),
  );

  const steer = async (request: FastifyRequest, library: string, action: RunAction) => {
    seenRun(principal(request), library);
    // The action itself is named already.
    const { action: name, ...how } = action;
    const change = () => service.steer(library, action);
    return { library, ...(await audit(request, `run ${name}`, { library, ...how }, change)) };
  };
  for (const action of runActions) addAction(app, action, steer);

  app.get(
    `${API}/failures`,
    {
      config: { scope: 'ingest' },
      schema: {
        ...{ operationId: 'listFailures', tags, summary: 'The books whose last ingestion failed, and why' },
        querystring: failuresQuery,
        response: { 200: failurePage, ...problems() },
      },
    },
    async (request) => {
      const scope = allowedScope(principal(request), request.query.library);
      const { books, next } = await service.books({ ...request.query, ...scope, state: 'failed' });
      return { failures: books.map((book) => ({ ...book, remedy: remedyOf(book.failure?.code) })), next };
    },
  );
}

type Steer = (
  request: FastifyRequest,
  library: string,
  action: RunAction,
) => Promise<z.output<typeof steered>>;

const summaries = {
  pause: 'Start no new book; those in flight are finished',
  resume: 'Go on',
  cancel: 'End the run; what was ingested stays',
  parallel: 'Change how many books are at work at once',
  retry: 'Try the books that failed again',
} as const;

function addAction(app: App, action: (typeof runActions)[number], steer: Steer): void {
  const url = `${API}/runs/:id/${action}`;
  const schema = {
    ...{ operationId: `${action}Run`, tags, summary: summaries[action], params: runParams },
    response: { 200: steered, ...problems(404, 409, 413, 415) },
  };
  const config = { scope: 'ingest' } as const;
  if (action === 'parallel') {
    const body = runActionBodies.parallel;
    app.post(url, { config, schema: { ...schema, body } }, (request) =>
      steer(request, request.params.id, { action, parallel: request.body.parallel }),
    );
    return;
  }
  if (action === 'retry') {
    const body = runActionBodies.retry.nullish();
    app.post(url, { config, schema: { ...schema, body } }, (request) =>
      steer(request, request.params.id, { action, all: request.body?.all ?? false }),
    );
    return;
  }
  const body = runActionBodies[action].nullish();
  app.post(url, { config, schema: { ...schema, body } }, (request) =>
    steer(request, request.params.id, { action }),
  );
}

function seenRun(who: Principal, library: string): string {
  if (maySee(who, library)) return library;
  throw new ScriptoriumError('NO_RUN', `There is no run over ${library}`);
}

function remedyOf(code: string | undefined): string {
  return isErrorCode(code) ? errorRegistry[code].remedy : '';
}
