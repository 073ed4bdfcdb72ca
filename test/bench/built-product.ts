import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Builds what the command runs. @throws Error when that fails: an older build would be measured in its place */
export function buildProduct(): void {
  const script = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url));
  const { status, error } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed', { cause: error });
}
