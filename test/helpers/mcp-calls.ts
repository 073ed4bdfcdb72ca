import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { z } from 'zod';

/** What a call of a tool gave. */
export interface Called {
  readonly text: string;
  readonly data: unknown;
  readonly isError: boolean;
  /** Of a failure. */
  readonly code: string | undefined;
}

const resultSchema = z.object({
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
  _meta: z.object({ code: z.string() }).optional(),
});

type Options = Parameters<Client['callTool']>[2];

export function toolCaller(client: Client) {
  return async (name: string, args: Record<string, unknown> = {}, options?: Options): Promise<Called> => {
    const result = await client.callTool({ name, arguments: args }, undefined, options);
    const { content, structuredContent: data, isError = false, _meta } = resultSchema.parse(result);
    return { text: content[0]?.text ?? '', data, isError, code: _meta?.code };
  };
}
