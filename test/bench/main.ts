/** `npm run bench -- NAME|all [--json] [--keep]`: ours and the alternative in the same run, alternating; medians and their ratio. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { benchAsk } from './ask.ts';
import { benchEmbed } from './embed.ts';
import { benchExtract } from './extract.ts';
import { benchGpu } from './gpu.ts';
import { benchGrowth } from './growth.ts';
import { benchHttp } from './http.ts';
import { comparedWith, hasLost, keep, keptReports } from './kept-reports.ts';
import { benchLibrary } from './library.ts';
import { benchMemory } from './memory.ts';
import { type BenchOptions, parseBenchOptions } from './options.ts';
import { benchParallel } from './parallel.ts';
import { withTables } from './performance-page.ts';
import { benchManuals, benchPipeline } from './pipeline.ts';
import type { BenchReport } from './report.ts';
import { printTable } from './report.ts';
import { benchRetrieval } from './retrieval.ts';
import { benchScale } from './scale.ts';
import { benchSearch } from './search.ts';
import { benchService } from './service.ts';
import { benchStore } from './store.ts';
import { benchTelemetry } from './telemetry.ts';
import { benchVariants } from './variants.ts';

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<BenchReport>>> = {
  ask: benchAsk,
  embed: benchEmbed,
  extract: benchExtract,
  gpu: benchGpu,
  growth: benchGrowth,
  http: benchHttp,
  library: benchLibrary,
  memory: benchMemory,
  parallel: benchParallel,
  pipeline: benchPipeline,
  'pipeline-manuals': benchManuals,
  retrieval: benchRetrieval,
  scale: benchScale,
  search: benchSearch,
  service: benchService,
  store: benchStore,
  telemetry: benchTelemetry,
  variants: benchVariants,
};

const USAGE = `Usage: npm run bench -- NAME [--json] [--books N] [--parallel N] [--rounds N] [--chunks N] [--seconds N]
       [--profile FOLDER] [--keep]
Benchmarks: ${Object.keys(benches).join(', ')}, and all of them: all
--keep holds the report as the last release's, against which later ones are compared, and writes it into docs/performance.md;
the name page writes that file alone. A ratio that lost more than a tenth against it at the same settings ends with 1.
`;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));

// A call of Temporal's client that is being retried when its connection is closed throws where nobody can catch it; what
// was started must end all the same.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? String(error)}\n`);
  process.exitCode = 1;
  interrupted.abort(error);
});

const chosen = parsed();
const names = chosen?.name === 'all' ? Object.keys(benches) : [chosen?.name ?? ''];
if (chosen?.name === 'page') {
  await writePage();
} else if (!chosen || names.some((name) => !benches[name])) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  try {
    for (const name of names) await measure(name, chosen);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write(`${String(error)}\n`);
    process.exitCode ??= 130;
  }
}

async function measure(
  name: string,
  { json, kept: toKeep, options }: NonNullable<typeof chosen>,
): Promise<void> {
  const report = await benches[name]?.(options);
  if (!report) return;
  printTable(report);
  const before = (await keptReports()).find(({ bench }) => bench === report.bench);
  for (const line of comparedWith(before, report)) process.stderr.write(`  ${line}\n`);
  if (before && hasLost(before, report)) process.exitCode = 1;
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  if (!toKeep) return;
  await keep(report);
  await writePage();
}

async function writePage(): Promise<void> {
  const path = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
  await writeFile(path, withTables(await readFile(path, 'utf8'), await keptReports()));
}

function parsed() {
  try {
    return parseBenchOptions(process.argv.slice(2), interrupted.signal);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}
