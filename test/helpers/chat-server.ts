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

/** Says it in pieces as server-sent events; `between` is waited for before each piece but the first. */
export function streaming(
  pieces: readonly string[],
  {
    between,
    end = 'stop',
  }: {
    between?: (index: number) => Promise<void>;
    end?: 'stop' | 'length' | 'content_filter' | 'break' | 'hang';
  } = {},
): Reply {
  return async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (document: object): void => void response.write(`data: ${JSON.stringify(document)}\n\n`);
    for (const [index, content] of pieces.entries()) {
      if (index > 0) await between?.(index);
      send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    }
    if (end === 'hang') return;
    if (end === 'break') return void response.destroy();
    send({ choices: [{ index: 0, delta: {}, finish_reason: end }] });
    send({ choices: [], usage: { prompt_tokens: 70, completion_tokens: 7, total_tokens: 77 } });
    response.end('data: [DONE]\n\n');
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
