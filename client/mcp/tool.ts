/** What every tool has in common: its schemas, who may call it, and failures that a model can read. */

import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type {
  CallToolResult,
  ServerNotification,
  ServerRequest,
  Tool,
  ToolAnnotations,
} from '@modelcontextprotocol/sdk/types.js';
import type { z } from 'zod';
import { type ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import { parse } from '../checked-input.ts';
import { printable } from '../cli/output.ts';
import type { Scope } from '../http/contract.ts';
import { assertScope, type Rights } from '../http/principal.ts';
import type { Service } from '../http/service.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { Progress } from './progress.ts';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Makes a change of which a log is told before and after. */
export type Audit = <T>(action: string, target: object, change: () => Promise<T>) => Promise<T>;

export interface ToolContext {
  readonly service: Service;
  readonly rights: Rights;
  /** Aborted when the asker cancels the call, or goes away. */
  readonly signal: AbortSignal;
  /** Null when the asker wants to hear of none. */
  readonly progress: Progress | null;
  /** Tells the log of the asker. */
  note(text: string): void;
  /** @throws ScriptoriumError FORBIDDEN where one of the paths may not be handed in */
  checkPaths(paths: readonly string[]): Promise<void>;
  /** Makes a change, and tells the log of whoever runs the server. */
  readonly audit: Audit;
}

/** What a tool gives: data, and the same for a reader. */
export interface Told {
  readonly data: object;
  readonly text: string;
}

interface ToolRules<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** Written for a model that chooses among tools. */
  readonly description: string;
  readonly scope: Scope;
  readonly input: I;
  readonly output: O;
  readonly annotations: ToolAnnotations;
  run(input: z.output<I>, context: ToolContext): Promise<Told>;
}

/** A tool whose schemas are closed over. */
export interface McpTool {
  readonly listed: Tool;
  readonly scope: Scope;
  call(args: unknown, context: ToolContext): Promise<CallToolResult>;
}

export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(rules: ToolRules<I, O>): McpTool {
  const { name, title, description, scope, input, output, annotations, run } = rules;
  return {
    scope,
    listed: {
      ...{ name, title, description, annotations: { title, ...annotations } },
      inputSchema: jsonSchemaOf(input, 'input'),
      outputSchema: jsonSchemaOf(output, 'output'),
    },
    call: async (args, context) => {
      const { data, text } = await run(parse(input, args ?? {}), context);
      return { content: [{ type: 'text', text }], structuredContent: output.parse(data) };
    },
  };
}

/** Calls a tool; what it fails with is an answer, too. */
export async function callTool(
  tool: McpTool,
  args: unknown,
  { service, ...asked }: Omit<ToolContext, 'service'> & { readonly service: () => Promise<Service> },
): Promise<CallToolResult> {
  try {
    assertScope(asked.rights, tool.scope);
    return await tool.call(args, { ...asked, service: await service() });
  } catch (error) {
    const failure = toScriptoriumError(error);
    return {
      ...{ content: [{ type: 'text', text: failureText(failure) }], isError: true },
      _meta: { code: failure.code },
    };
  }
}

/** `CODE: what happened. What to do.` in one line. */
export function failureText({ code, message, remedy }: ScriptoriumError): string {
  const said = message.includes(remedy) ? message : `${message.replace(/\.$/, '')}. ${remedy}`;
  return printable(`${code}: ${said}`);
}

export function progressFor({ _meta, sendNotification }: Extra): Progress | null {
  const token = _meta?.progressToken;
  return token === undefined ? null : new Progress(token, sendNotification);
}
