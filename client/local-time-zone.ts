import { realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { ScriptoriumError } from '../activities/errors.ts';

/**
 * The time zone of this machine by the name that it has in the IANA database, as Temporal wants it.
 * @throws ScriptoriumError INVALID_ARGUMENT where it has none: without a name Temporal would take UTC
 */
export function localTimeZone(env: NodeJS.ProcessEnv = process.env): string {
  const { TZ } = env;
  // As POSIX has it.
  if (TZ === '') return 'UTC';
  const zone = (TZ === undefined ? ofSystem() : ofVariable(TZ.replace(/^:/, ''))).find(isZone);
  if (zone) return zone;
  throw new ScriptoriumError(
    'INVALID_ARGUMENT',
    `The time zone of this machine has no name${TZ === undefined ? '' : ` (TZ=${TZ})`}; set TZ to one such as Europe/Berlin`,
  );
}

function ofSystem(): readonly (string | null)[] {
  return [Intl.DateTimeFormat().resolvedOptions().timeZone, zoneOfFile('/etc/localtime')];
}

function ofVariable(value: string): readonly (string | null)[] {
  return [isAbsolute(value) ? zoneOfFile(value) : value];
}

/** `/usr/share/zoneinfo/Europe/Berlin`, or a link to it. */
function zoneOfFile(path: string): string | null {
  try {
    return /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(realpathSync(path))?.[1] ?? null;
  } catch {
    return null;
  }
}

function isZone(name: string | null | undefined): name is string {
  if (!name || name === 'Etc/Unknown') return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
