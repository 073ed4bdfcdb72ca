/** The OpenAPI document: made of the schemas that validate, with what these cannot say. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { App } from './app.ts';
import { API } from './contract.ts';

const OPENAPI = '3.1.0';

export function describeService(version: string): Pick<FastifyDynamicSwaggerOptions, 'openapi'> {
  return {
    openapi: {
      openapi: OPENAPI,
      info: {
        ...{ title: 'Scriptorium', version, license: { name: 'MIT', identifier: 'MIT' } },
        description:
          'Books in, cited answers out. Every failure is a problem document (RFC 9457) with a code of the registry.',
      },
      servers: [{ url: '/', description: 'This server' }],
      security: [{ key: [] }, { bearer: [] }],
      tags: [
        { name: 'questions', description: 'Search and cited answers' },
        { name: 'books', description: 'The library' },
        { name: 'ingestion', description: 'Handing books in' },
        { name: 'runs', description: 'Watching and steering what goes on' },
        { name: 'service', description: 'Health and figures' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    },
  };
}

/**
 * A document in which the body of an upload is described beside that of paths: it is read by hand, and has no
 * schema.
 * @param isOpen whether the server lets in whoever reaches it
 */
export function documentOf(app: App, isOpen = false): object {
  const described = app.swagger();
  // Where no key is needed, none is an alternative, too.
  const document = isOpen ? { ...described, security: [{}, ...(described.security ?? [])] } : described;
  const upload = document.paths?.[`${API}/index`]?.post;
  if (!upload) return document;
  const requestBody = {
    required: true,
    content: {
      // The library adds every schema with an id, in the form of what comes and of what goes.
      'application/json': { schema: { $ref: '#/components/schemas/IndexInput' } },
      'multipart/form-data': {
        schema: {
          type: 'object',
          properties: {
            file: {
              type: 'array',
              minItems: 1,
              items: { type: 'string', format: 'binary' },
              description: 'The books; any name of a part with a file will do',
            },
          },
          required: ['file'],
        },
      },
    },
  };
  for (const action of bodyless) {
    const post = document.paths?.[`${API}/runs/{id}/${action}`]?.post;
    if (post && 'requestBody' in post && post.requestBody && 'required' in post.requestBody)
      post.requestBody.required = false;
  }
  const index = { ...document.paths?.[`${API}/index`], post: { ...upload, requestBody } };
  return withoutUnused({ ...document, paths: { ...document.paths, [`${API}/index`]: index } });
}

/** Steering that needs no body; the library takes every body for one that is needed. */
const bodyless = ['pause', 'resume', 'cancel', 'retry'] as const;

interface Document {
  readonly paths?: object;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

/** Without the schemas that nothing refers to. */
function withoutUnused<T extends Document>(document: T): T {
  const { paths, components = {} } = document;
  const all = components.schemas ?? {};
  const used = new Set<string>();
  const waiting = namesIn(paths);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    waiting.push(...namesIn(all[name]));
  }
  const schemas = Object.fromEntries(Object.entries(all).filter(([name]) => used.has(name)));
  return { ...document, components: { ...components, schemas } };
}

function namesIn(schema: unknown): string[] {
  const text = JSON.stringify(schema) ?? '';
  return [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name = '']) => name);
}
