/** Where intermediate files are kept: a folder, or a bucket of S3, whose client is loaded only where one is configured. */
import { hostname } from 'node:os';
import { isAbsolute } from 'node:path';
import { FileArtifacts } from '../activities/adapters/files/file-artifacts.ts';
import type { BucketOptions } from '../activities/adapters/s3/bucket.ts';
import { ScriptoriumError } from '../activities/errors.ts';
import { hashOf } from '../activities/naming.ts';
import type { ArtifactStore } from '../activities/ports/artifact-store.ts';
import type { Environment } from './environment.ts';

export type ArtifactSettings =
  | { readonly kind: 'folder'; readonly folder: string }
  | ({ readonly kind: 's3' } & BucketOptions);

export interface OpenArtifacts extends AsyncDisposable {
  readonly artifacts: ArtifactStore;
}

/** @throws ScriptoriumError INVALID_CONFIG */
export function artifactSettings(set: Environment, defaultFolder: string): ArtifactSettings {
  const place = set.SCRIPTORIUM_ARTIFACTS ?? defaultFolder;
  if (isAbsolute(place)) return { kind: 'folder', folder: place };
  const [, bucket = '', prefix = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(place) ?? [];
  if (bucket === '')
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      `SCRIPTORIUM_ARTIFACTS=${place} is neither an absolute path nor s3://bucket/prefix`,
    );
  const endpoint = set.AWS_ENDPOINT_URL_S3 ?? set.AWS_ENDPOINT_URL;
  return {
    ...{ kind: 's3', bucket, endpoint },
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    // Servers of one's own know no region, and the signature wants one.
    region: set.AWS_REGION ?? (endpoint === undefined ? undefined : 'us-east-1'),
    pathStyle: pathStyleOf(set.SCRIPTORIUM_S3_PATH_STYLE, endpoint),
    timeoutMs: set.SCRIPTORIUM_ARTIFACTS_TIMEOUT_S * 1_000,
  };
}

/** Elsewhere than at Amazon a name in the host's place needs a DNS entry, which few have. */
function pathStyleOf(wanted: 'auto' | 'on' | 'off', endpoint: string | undefined): boolean {
  if (wanted !== 'auto') return wanted === 'on';
  return endpoint !== undefined && !new URL(endpoint).hostname.endsWith('.amazonaws.com');
}

/** @throws ScriptoriumError ARTIFACTS_UNREACHABLE, ARTIFACTS_OVERLOADED, ARTIFACTS_DENIED, ARTIFACTS_REJECTED */
export async function openArtifacts(settings: ArtifactSettings): Promise<OpenArtifacts> {
  if (settings.kind === 'folder')
    return { artifacts: new FileArtifacts(settings.folder), [Symbol.asyncDispose]: async () => {} };
  const { S3Artifacts } = await import('../activities/adapters/s3/s3-artifacts.ts');
  const artifacts = await S3Artifacts.open(settings);
  return { artifacts, [Symbol.asyncDispose]: async () => artifacts[Symbol.dispose]() };
}

/**
 * Writes, reads and drops an artifact: what a worker must be able to do.
 * @throws ScriptoriumError with what keeps it from doing so
 */
export async function probeArtifacts(artifacts: ArtifactStore): Promise<void> {
  const key = `probes/${hashOf(hostname(), String(process.pid), String(Date.now()))}`;
  await using writer = await artifacts.create(key, 'doctor', 'resume');
  await writer.append([Buffer.from('probe')]);
  await writer.commit({});
  await using reader = await artifacts.open(key);
  if (!reader) throw new ScriptoriumError('ARTIFACT_CORRUPT', 'What was written there is not found again');
  await artifacts.remove(key);
}

/** For people: where it is. */
export function artifactPlace(settings: ArtifactSettings): string {
  if (settings.kind === 'folder') return settings.folder;
  const { bucket, prefix, endpoint } = settings;
  return `s3://${bucket}/${prefix}${endpoint ? ` at ${endpoint}` : ''}`;
}
