/** The service itself: health, metrics, slow questions, and who is asking. */
import { z } from 'zod';
import { ScriptoriumError } from '../../../activities/errors.ts';
import { type App, principal, problems, type RouteContext } from '../app.ts';
import { API, readiness, scopes, slowQuestions, whoami } from '../contract.ts';
import { assertAllLibraries, type LibraryScope, maySeeAll } from '../principal.ts';

const tags = ['service'];

export function serviceRoutes(app: App, context: RouteContext): void {
  const { service, metrics } = context;
  app.get(
    '/health/live',
    {
      config: { rateLimit: false },
      schema: {
        ...{ operationId: 'live', tags, summary: 'Whether the process answers', security: [] },
        response: { 200: z.object({ live: z.literal(true) }) },
      },
    },
    async () => ({ live: true as const }),
  );

  app.get(
    '/health/ready',
    {
      config: { rateLimit: false },
      schema: {
        ...{ operationId: 'ready', tags, summary: 'Whether every part answers, each named', security: [] },
        response: {
          200: readiness.describe('Every part answers'),
          503: readiness.describe('Some part does not'),
        },
      },
    },
    async (_, reply) => {
      const parts = [...(await service.parts())];
      const ready = parts.every(({ healthy }) => healthy);
      return await reply.code(ready ? 200 : 503).send({ ready, parts });
    },
  );

  app.get(
    '/metrics',
    {
      config: { scope: 'admin', rateLimit: false },
      schema: {
        ...{ operationId: 'metrics', tags, summary: 'Figures for Prometheus' },
        response: {
          200: { description: 'As Prometheus reads them', content: { 'text/plain': { schema: z.string() } } },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      assertAllLibraries(principal(request), 'the metrics');
      if (!metrics) throw new ScriptoriumError('NOT_FOUND', 'SCRIPTORIUM_METRICS_ADDRESS is off');
      return await reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics());
    },
  );

  app.get(
    `${API}/slow-questions`,
    {
      config: { scope: 'admin' },
      schema: {
        ...{ operationId: 'listSlowQuestions', tags, summary: 'The latest questions that were slow' },
        response: { 200: slowQuestions, ...problems() },
      },
    },
    async (request) => {
      const who = principal(request);
      return { questions: context.slowQuestions().filter(({ filters }) => maySeeAll(who, scopeIn(filters))) };
    },
  );

  app.get(
    `${API}/whoami`,
    {
      config: { scope: 'any' },
      schema: {
        ...{ operationId: 'whoami', tags, summary: 'What the key of this request may do' },
        response: { 200: whoami, ...problems() },
      },
    },
    async (request) => {
      const { name, scopes: own, libraries, keyNeeded } = principal(request);
      const all = own.includes('admin') ? scopes : own;
      return { name, scopes: all, libraries, keyNeeded };
    },
  );
}

const askedOf = z.object({ library: z.string().optional(), libraries: z.array(z.string()).optional() });

/** What a question was asked of; one that makes no sense is treated as one about all. */
function scopeIn(filters: object): LibraryScope {
  return askedOf.safeParse(filters).data ?? {};
}
