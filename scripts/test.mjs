// `npm test [-- <jest arguments>]`: installs what is missing, checks format, lint and types, and runs the tests.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { ensureInstalled, root, run } from './ensure-installed.mjs';

ensureInstalled();
const args = process.argv.slice(2);
if (args.length === 0) {
  run('biome', ['check', '.']);
  run('tsc', ['--noEmit']);
  run('tsc', ['--noEmit', '-p', 'client/dashboard']);
}
// Suites that run the command, run the built one.
if (args.length === 0 || args.some((arg) => /stack|long|chaos|package|real/.test(arg)))
  run('node', ['scripts/build.mjs']);
const report = join(root, '.cache', 'test-report.json');
mkdirSync(join(root, '.cache'), { recursive: true });
rmSync(report, { force: true });
const suites =
  args.length > 0 ? args : ['test/unit', 'test/contract', 'test/workflow', 'test/replay', 'test/stack'];
const jest = [
  '--experimental-vm-modules',
  '--no-warnings',
  'node_modules/jest/bin/jest.js',
  '--json',
  `--outputFile=${report}`,
  // What a test that failed left open must not keep its failure from being told.
  '--forceExit',
  // Half of what a suite does is waiting for other processes: two at once on the smallest machine. Each may hold a stack.
  `--maxWorkers=${Math.min(4, Math.max(2, availableParallelism() - 1))}`,
];
const status = run('node', [...jest, ...suites], { tolerant: true, stdio: ['ignore', 'ignore', 'inherit'] });
// A runner that crashed leaves no report.
const { numPassedTests, numFailedTests, testResults } = existsSync(report)
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 1, testResults: [] };
for (const { name, assertionResults } of testResults) {
  const skipped = assertionResults.filter((each) => each.status === 'pending');
  // What this machine can't run is told: nobody should think that it passed.
  if (skipped.length > 0) process.stdout.write(`${skipped.length} skipped in ${relative(root, name)}\n`);
}
process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed\n`);
process.exitCode = status;
