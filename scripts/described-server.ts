/** The OpenAPI document, of a server that nothing stands behind. */
import { pino } from 'pino';
import { documentOf } from '../client/http/openapi.ts';
import { createHttpServer } from '../client/http/server.ts';
import type { Service } from '../client/http/service.ts';
import { UploadFolder } from '../client/http/uploads.ts';
import type { McpHandler } from '../client/mcp/http.ts';

export async function describedServer(): Promise<object> {
  const app = await createHttpServer({
    ...{ service: nothing, mcp, metrics: null, dashboard: null, slowQuestions: () => [] },
    keys: { isEmpty: async () => true, find: async () => null },
    uploads: new UploadFolder({ folder: '', limits: noUploads, sniff: never }),
    limits: { requestsPerMinute: 1, streams: 1, corsOrigins: [] },
    ...{
      open: true,
      serverPaths: { rootsSet: false, uploads: '' },
      logger: pino({ level: 'silent' }),
      version: '1',
    },
  });
  try {
    await app.ready();
    return documentOf(app);
  } finally {
    await app.close();
  }
}

const never = (): never => {
  throw new Error('nothing is asked of a server that is only described');
};

const noUploads = {
  ...{ maxFileBytes: 0, maxUploadBytes: 0, uploadsAtOnce: 0, leastUploadRate: 0, uploadGraceMs: 0 },
  minFreeBytes: 0,
};

const nothing: Service = {
  ...{ ask: never, search: never, libraries: never, books: never, book: never, page: never, chunks: never },
  ...{
    remove: never,
    explain: never,
    assertRoom: never,
    addJob: never,
    job: never,
    runs: never,
    run: never,
    steer: never,
  },
  parts: never,
};
const mcp: McpHandler = {
  handleMcp: never,
  endSessionsOf: never,
  sessions: 0,
  [Symbol.asyncDispose]: async () => {},
};
