/** The file in which a running stack says where it is, and the small service behind which it answers. */
import { readFile } from 'node:fs/promises';
import { Agent, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { ScriptoriumError } from '../activities/errors.ts';
import { isAlive } from './is-alive.ts';

export const DEFAULT_NAMESPACE = 'scriptorium';

const stackState = z.object({
  /** Process of the supervisor. */
  pid: z.int(),
  /** Loopback address of the control service, and the secret it wants. */
  controlUrl: z.url(),
  token: z.string(),
  /** Address of Temporal's front end; null until it is known. */
  temporalAddress: z.string().nullable(),
  namespace: z.string(),
  /** Web UI of Temporal; null when an existing cluster is used. */
  uiUrl: z.string().nullable(),
  /** Where HTTP is served; null when it is off or not known yet. */
  httpUrl: z.string().nullable().default(null),
  /** Process of the Temporal server that the stack started. */
  temporalPid: z.int().nullable(),
});
export type StackState = z.infer<typeof stackState>;

const part = z.object({
  name: z.string(),
  address: z.string().nullable(),
  healthy: z.boolean(),
  detail: z.string(),
});
/** One part of the stack, as `status` shows it. */
export type Part = z.infer<typeof part>;

const stackStatus = z.object({
  phase: z.enum(['starting', 'ready', 'stopping', 'failed']),
  /** Why a stack could not start. */
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  parts: z.array(part),
});
export type StackStatus = z.infer<typeof stackStatus>;

/** What the last stack wrote; null when there is none or the file makes no sense. It may be long gone. */
export async function readStackState(file: string): Promise<StackState | null> {
  const said = await readFile(file, 'utf8').catch(() => null);
  return said === null ? null : (stackState.safeParse(parsed(said)).data ?? null);
}

/** Longest wait for the health checks of all parts; the supervisor bounds each of them. */
const STATUS_TIMEOUT_MS = 30_000;
/** Longest wait for an answer that needs no check. */
const ALIVE_TIMEOUT_MS = 10_000;

/**
 * Asks the supervisor itself: a file proves nothing after a crash or a reboot. Null when it is not there; its parts are
 * not looked at.
 * @throws ScriptoriumError STACK_UNREACHABLE when something holds its port and does not answer: busy is not gone
 */
export async function askAlive(state: StackState): Promise<StackStatus | null> {
  return statusIn(await control(state, 'GET', '/alive', ALIVE_TIMEOUT_MS));
}

/** As `askAlive`, with the health of every part. */
export async function askStack(state: StackState): Promise<StackStatus | null> {
  return statusIn(await control(state, 'GET', '/status', STATUS_TIMEOUT_MS));
}

/** Null for what another program says that has the port by now. */
function statusIn(answer: ControlAnswer | null): StackStatus | null {
  return answer?.ok ? (stackStatus.safeParse(parsed(answer.body)).data ?? null) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Asks the supervisor to stop everything; false when it is not there. */
export async function stopStack(state: StackState): Promise<boolean> {
  return (await control(state, 'POST', '/down', ALIVE_TIMEOUT_MS))?.ok ?? false;
}

async function control(
  { token, controlUrl, pid }: StackState,
  method: string,
  path: string,
  timeoutMs: number,
): Promise<ControlAnswer | null> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { authorization: `Bearer ${token}` };
  try {
    return await askDirectly(new URL(path, controlUrl), { method, headers, signal });
  } catch (cause) {
    if (!signal.aborted || !isAlive(pid)) return null;
    const message = `The stack (process ${pid}) did not answer within ${timeoutMs / 1_000} s`;
    throw new ScriptoriumError('STACK_UNREACHABLE', message, { cause });
  }
}

interface ControlAnswer {
  readonly ok: boolean;
  readonly body: string;
}

/** Through no proxy, whatever the environment asks `fetch` for (NODE_USE_ENV_PROXY): it is this machine. */
function askDirectly(url: URL, options: RequestOptions): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, agent: new Agent() }, (response) => {
      const { statusCode = 0 } = response;
      text(response).then((body) => resolve({ ok: statusCode >= 200 && statusCode < 300, body }), reject);
    });
    asked.on('error', reject).end();
  });
}
