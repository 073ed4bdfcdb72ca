/** `POST /query` and `POST /search`. */
import { z } from 'zod';
import type { Answer } from '../../../workflows/result-contract.ts';
import { type App, principal, problems, type RouteContext } from '../app.ts';
import { API, answer, queryBody, queryEvents, searchBody, searchResult } from '../contract.ts';
import { allowedScope } from '../principal.ts';
import { problemOf } from '../problems.ts';
import { type EventStream, streamEvents, wantsEvents } from '../sse.ts';
import { whileAllowed } from '../while-allowed.ts';

export function questionRoutes(app: App, context: RouteContext): void {
  const { service, streams } = context;
  app.post(
    `${API}/query`,
    {
      config: { scope: 'ask' },
      schema: {
        ...{ operationId: 'query', tags: ['questions'], summary: 'Answer a question, with citations' },
        description: eventsText(queryEvents),
        body: queryBody,
        response: {
          200: {
            description: 'The answer',
            content: {
              'application/json': { schema: answer },
              'text/event-stream': { schema: z.string() },
            },
          },
          ...problems(404, 409, 413, 415, 504),
        },
      },
    },
    async (request, reply) => {
      const who = principal(request);
      const input = { ...request.body, ...allowedScope(who, request.body.library) };
      if (!wantsEvents(request)) return await service.ask(input);
      return await streams.count(who.id, () =>
        whileAllowed(context, request, (refused) =>
          streamEvents(reply, (stream) =>
            answerInto(stream, request.id, () => service.ask(input, told(stream, refused))),
          ),
        ),
      );
    },
  );

  app.post(
    `${API}/search`,
    {
      config: { scope: 'ask' },
      schema: {
        ...{ operationId: 'search', tags: ['questions'], summary: 'The passages that say most about a text' },
        body: searchBody,
        response: {
          200: searchResult.describe('The passages, best first'),
          ...problems(404, 409, 413, 415, 504),
        },
      },
    },
    async (request) => {
      const scope = allowedScope(principal(request), request.body.library);
      return await service.search({ ...request.body, ...scope });
    },
  );
}

function told(
  stream: EventStream,
  refused: AbortSignal,
): {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
} {
  let writing = false;
  return {
    signal: AbortSignal.any([stream.signal, refused]),
    onText: (text) => {
      if (refused.aborted) return;
      if (!writing) stream.send('stage', { stage: 'writing' });
      writing = true;
      stream.send('text', { text });
    },
  };
}

async function answerInto(stream: EventStream, id: string, ask: () => Promise<Answer>): Promise<void> {
  stream.send('stage', { stage: 'searching' });
  try {
    stream.send('answer', answer.parse(await ask()));
  } catch (error) {
    stream.send('problem', problemOf(error, id));
  }
}

/** What the description of an address says of its events. */
export function eventsText(events: object): string {
  const names = Object.keys(events)
    .map((name) => `\`${name}\``)
    .join(', ');
  return `With \`Accept: text/event-stream\` it sends server-sent events (${names}), the data of each one line of JSON.`;
}
