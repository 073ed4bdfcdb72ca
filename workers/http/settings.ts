import { ScriptoriumError } from '../../activities/errors.ts';
import { UPLOAD_GRACE_MS, type UploadLimits } from '../../client/http/limits.ts';
import type { Environment } from '../environment.ts';
import type { ListenAddress, ListenRule } from '../listen-address.ts';

export interface HttpSettings {
  /** Null: nothing is served. */
  readonly address: ListenAddress | null;
  readonly requestsPerMinute: number;
  readonly streams: number;
  readonly corsOrigins: readonly string[];
  readonly uploads: UploadLimits;
}

/** A machine may have several stacks. */
export const HTTP_RULE: ListenRule = {
  ...{ variable: 'SCRIPTORIUM_HTTP_ADDRESS', firstPort: 8_720, lastPort: 8_819 },
};

/** @throws ScriptoriumError INVALID_CONFIG */
export function originsOf(list: string | undefined): readonly string[] {
  const origins = (list ?? '')
    .split(',')
    .map((origin) => origin.trim())
    .filter(Boolean);
  const wrong = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong === undefined) return origins;
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    `SCRIPTORIUM_HTTP_CORS_ORIGINS names ${wrong}, which is no origin such as https://library.example`,
  );
}

const KB = 1024;
const MB = 1024 * KB;

export function uploadLimitsOf(set: Environment): UploadLimits {
  return {
    maxFileBytes: set.SCRIPTORIUM_MAX_FILE_MB * MB,
    maxUploadBytes: set.SCRIPTORIUM_HTTP_UPLOAD_MB * MB,
    uploadsAtOnce: set.SCRIPTORIUM_HTTP_UPLOADS,
    leastUploadRate: set.SCRIPTORIUM_HTTP_UPLOAD_KB_S * KB,
    uploadGraceMs: UPLOAD_GRACE_MS,
    minFreeBytes: set.SCRIPTORIUM_HTTP_FREE_MB * MB,
  };
}
