/** `npm run bench -- NAME [--json]`: ours and the alternative in the same run, alternating; medians and their ratio. */
import { parseArgs } from 'node:util';
import { benchEmbed } from './embed.ts';
import type { BenchReport } from './report.ts';
import { printTable } from './report.ts';

const benches: Readonly<Record<string, () => Promise<BenchReport>>> = { embed: benchEmbed };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const [name = ''] = positionals;
const bench = benches[name];
if (!bench) {
  process.stderr.write(
    `Usage: npm run bench -- NAME [--json]\nBenchmarks: ${Object.keys(benches).join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  const report = await bench();
  printTable(report);
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
}
