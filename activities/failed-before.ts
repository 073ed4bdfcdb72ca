/** Failures that would come again: a file whose content is at fault is not read a second time for nothing. */
import { errorRegistry, isErrorCode } from './errors.ts';
import { hashOf } from './naming.ts';
import { fingerprintOf, type Pipeline } from './pipeline.ts';
import type { BookRecord, FailureRecord } from './ports/catalog.ts';
import type { SandboxLimits } from './ports/documents.ts';
import type { SourceFacts } from './unchanged.ts';

/** Changes with everything that may make a file readable that was not: the pipeline, and the limits of the sandbox. */
export function attemptFingerprintOf(pipeline: Pipeline, limits: SandboxLimits): string {
  const { maxFileBytes, maxTextBytes, timeoutMs, maxMemoryBytes } = limits;
  return hashOf(
    'attempt',
    fingerprintOf(pipeline),
    `${maxFileBytes}/${maxTextBytes}/${timeoutMs}/${maxMemoryBytes}`,
  );
}

export function isOfContent(code: string): boolean {
  return isErrorCode(code) && errorRegistry[code].ofContent;
}

/** The recorded failure, when the same file would fail in the same way again; null when it is worth a try. */
export function knownFailure(
  source: SourceFacts,
  record: BookRecord | undefined,
  attemptFingerprint: string,
): FailureRecord | null {
  if (record?.state !== 'failed' || record.failure === null) return null;
  const { failure, bytes, mtimeMs } = record;
  const same = bytes === source.bytes && mtimeMs === source.mtimeMs;
  return same && isOfContent(failure.code) && failure.fingerprint === attemptFingerprint ? failure : null;
}
