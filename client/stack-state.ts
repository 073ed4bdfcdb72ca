/** The file in which a running stack says where it is, and the small service behind which it answers. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

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
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return stackState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Longest wait for the supervisor's own answer, health checks of its parts included. */
const CONTROL_TIMEOUT_MS = 8_000;

/** Asks the supervisor itself: a pid file proves nothing after a crash or a reboot. Null when it is not there. */
export async function askStack(state: StackState): Promise<StackStatus | null> {
  const response = await control(state, 'GET', '/status');
  return response?.ok ? stackStatus.parse(await response.json()) : null;
}

/** Asks the supervisor to stop everything; false when it is not there. */
export async function stopStack(state: StackState): Promise<boolean> {
  return (await control(state, 'POST', '/down'))?.ok ?? false;
}

async function control(state: StackState, method: string, path: string): Promise<Response | null> {
  const headers = { authorization: `Bearer ${state.token}` };
  return await fetch(new URL(path, state.controlUrl), {
    method,
    headers,
    signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
  }).catch(() => null);
}
