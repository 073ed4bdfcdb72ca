/** Where Scriptorium keeps its state and its caches. */
import { isAbsolute, join, resolve } from 'node:path';
import envPaths from 'env-paths';

export interface Home {
  /** All state: SCRIPTORIUM_HOME, or the platform's data folder. */
  readonly folder: string;
  /** Files that can be fetched again: SCRIPTORIUM_CACHE, or the platform's cache folder. */
  readonly cache: string;
  /** What a running stack says of itself. */
  readonly stackFile: string;
  readonly temporalDb: string;
  readonly store: string;
  readonly artifacts: string;
  readonly logs: string;
  /** Books that were sent over HTTP. */
  readonly uploads: string;
  /** API keys: SCRIPTORIUM_KEYS_FILE, or `keys.json` in the folder. */
  readonly keysFile: string;
}

export function homeOf(env: NodeJS.ProcessEnv = process.env): Home {
  const standard = envPaths('scriptorium', { suffix: '' });
  const folder = absolute(env.SCRIPTORIUM_HOME, standard.data);
  return {
    folder,
    cache: absolute(env.SCRIPTORIUM_CACHE, standard.cache),
    stackFile: join(folder, 'stack.json'),
    temporalDb: join(folder, 'temporal', 'temporal.db'),
    store: join(folder, 'store'),
    artifacts: join(folder, 'artifacts'),
    logs: join(folder, 'logs'),
    uploads: join(folder, 'uploads'),
    keysFile: absolute(env.SCRIPTORIUM_KEYS_FILE, join(folder, 'keys.json')),
  };
}

function absolute(given: string | undefined, standard: string): string {
  if (!given) return standard;
  return isAbsolute(given) ? given : resolve(given);
}
