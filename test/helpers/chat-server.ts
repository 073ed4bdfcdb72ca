/** What a server that speaks chat completions says and hears. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { LocalServer, Reply } from './local-server.ts';

export function saying(content: string): Reply {
  return (request, response) => {
    if (request.url !== '/v1/chat/completions') response.writeHead(404).end();
    else
      json(response, {
        id: 'x',
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content } }],
      });
  };
}

export function json(response: ServerResponse, document: unknown): void {
  jsonText(response, JSON.stringify(document));
}

export function jsonText(response: ServerResponse, text: string): void {
  if (!response.headersSent) response.setHeader('content-type', 'application/json');
  response.end(text);
}

const chat = z.object({
  messages: z.tuple([z.object({ content: z.string() }), z.object({ content: z.string() })]),
});

export function promptOf({ bodies }: LocalServer): { system: string; user: string } {
  const { messages } = chat.parse(JSON.parse(bodies[0] ?? ''));
  return { system: messages[0].content, user: messages[1].content };
}
