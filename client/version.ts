import { createRequire } from 'node:module';

/** Of this package, from its own file, which lies one level higher in the built package. */
export function packageVersion(): string {
  const require = createRequire(import.meta.url);
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version }: { name?: string; version?: string } = require(path);
      if (name === 'scriptorium' && version) return version;
    } catch {
      // Not at this level.
    }
  }
  return 'unknown';
}
