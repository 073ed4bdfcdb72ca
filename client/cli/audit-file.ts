/** Changes at the command line, beside the logs of the parts: one line of JSON each. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditWriter, audited } from '../audit.ts';
import { homeOf } from '../home.ts';

/** What cannot be written down is not changed. */
export function auditedHere<T>(action: string, target: object, change: () => Promise<T>): Promise<T> {
  const { logs } = homeOf();
  const write: AuditWriter = (line) => {
    mkdirSync(logs, { recursive: true });
    const entry = { level: 30, time: Date.now(), ...line, msg: 'change' };
    appendFileSync(join(logs, 'audit.log'), `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  };
  const fields = { action, key: 'local', keyName: null, ip: null, way: 'cli' } as const;
  return audited(write, fields, { ...target, uid: process.getuid?.() ?? null }, change);
}
