/** A line before every change and one after it: who, from where, what, and how it ended. */
import { toScriptoriumError } from '../activities/errors.ts';

export interface AuditFields {
  readonly action: string;
  /** Id of the key; `local` where none is needed, and at the command line. */
  readonly key: string;
  readonly keyName: string | null;
  /** Address of the asker; null at the command line. */
  readonly ip: string | null;
  readonly way: 'http' | 'mcp' | 'cli';
}

/** Writes one line. What it throws before the change keeps it from being made. */
export type AuditWriter = (line: object) => void;

/** Makes a change between its two lines; `outcome` is `begun`, and then `done` or the code that it failed with. */
export async function audited<T>(
  write: AuditWriter,
  fields: AuditFields,
  target: object,
  change: () => Promise<T>,
): Promise<T> {
  const tell = (outcome: string): void => write({ audit: true, ...fields, ...target, outcome });
  tell('begun');
  const changed = await change().catch((error: unknown) => {
    tell(toScriptoriumError(error).code);
    throw error;
  });
  tell('done');
  return changed;
}

/** A logger as pino and fastify have it. */
export interface ParentLogger {
  child(
    bindings: Record<string, never>,
    options: { level: string },
  ): {
    info(line: object, message: string): void;
  };
}

/** Into the log, whatever its level is: who quiets a log does not mean these. */
export function auditLog(logger: ParentLogger): AuditWriter {
  const own = logger.child({}, { level: 'info' });
  return (line) => own.info(line, 'change');
}
