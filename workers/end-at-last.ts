import type { Logger } from 'pino';

/**
 * A native call that hangs keeps its thread, and with it the process: nothing but kill -9 ends it, which costs a batch. Does nothing
 * to a process that ends by itself in time.
 */
export function endAtLast(afterMs: number, logger: Pick<Logger, 'error'>): void {
  const timer = setTimeout(() => {
    logger.error({ afterMs }, 'this process was told to stop and does not end; it kills itself');
    process.kill(process.pid, 'SIGKILL');
  }, afterMs);
  timer.unref();
}
