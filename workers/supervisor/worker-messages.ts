/** What a worker process tells its supervisor, and is asked by it. */
import { z } from 'zod';
import { type ErrorCode, isErrorCode } from '../../activities/errors.ts';

export const workerMessage = z.discriminatedUnion('kind', [
  /** With the addresses of the process's page of metrics and of its HTTP server; null when it has none. */
  z.object({
    kind: z.literal('ready'),
    metricsUrl: z.string().nullable().default(null),
    httpUrl: z.string().nullable().default(null),
  }),
  z.object({ kind: z.literal('failed'), code: z.custom<ErrorCode>(isErrorCode), message: z.string() }),
  /** At once, whatever its parts do: its main thread goes on. */
  z.object({ kind: z.literal('pong') }),
  z.object({ kind: z.literal('health'), healthy: z.boolean(), detail: z.string() }),
]);
export type WorkerMessage = z.input<typeof workerMessage>;

export const supervisorMessage = z.object({ kind: z.enum(['health', 'ping']) });
export type SupervisorMessage = z.infer<typeof supervisorMessage>;

/** Does nothing in a worker that was started by hand. */
export function sendToSupervisor(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}
