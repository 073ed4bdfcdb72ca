/**
 * `npm run chaos -- --runs N [--seed S] [--json] [--keep]`: so many runs, each over a random library with random faults,
 * and after each of them every check. Exit code 1 when one of them was not clean.
 */
import { parseArgs } from 'node:util';
import { planOf } from './plan.ts';
import { type ChaosReport, chaosRun } from './run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const runs = wholeNumber('--runs', values.runs);
const firstSeed = values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('--seed', values.seed);
const reports: ChaosReport[] = [];
for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
  const report = await chaosRun(planOf(seed), values.keep);
  reports.push(report);
  say(lineOf(report));
}
const clean = reports.filter(({ faults }) => faults.length === 0).length;
say(`${clean} of ${runs} runs were clean`);
if (values.json) process.stdout.write(`${JSON.stringify({ runs, clean, seed: firstSeed, reports })}\n`);
if (clean < runs) process.exitCode = 1;

function lineOf({ seed, store, books, chunks, events, faults, seconds, kept }: ChaosReport): string {
  const head = `seed ${seed}: ${faults.length === 0 ? 'clean' : 'NOT CLEAN'}: ${books} books, ${chunks} chunks, ${store}, ${seconds} s`;
  if (faults.length === 0) return [head, ...events].join('; ');
  const again = `again: npm run chaos -- --runs 1 --seed ${seed} --keep`;
  return [`${head}; ${events.join('; ')}`, ...faults, ...(kept ? [`kept in ${kept}`] : []), again].join(
    '\n  ',
  );
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RangeError(`${name} takes a whole number, not ${text}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
