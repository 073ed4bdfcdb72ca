/** `npm run bench -- NAME [--json]`: ours and the alternative in the same run, alternating; medians and their ratio. */
import { benchAsk } from './ask.ts';
import { benchEmbed } from './embed.ts';
import { benchExtract } from './extract.ts';
import { benchHttp } from './http.ts';
import { benchLibrary } from './library.ts';
import { type BenchOptions, parseBenchOptions } from './options.ts';
import { benchParallel } from './parallel.ts';
import type { BenchReport } from './report.ts';
import { printTable } from './report.ts';
import { benchRetrieval } from './retrieval.ts';
import { benchScale } from './scale.ts';
import { benchSearch } from './search.ts';
import { benchService } from './service.ts';
import { benchTelemetry } from './telemetry.ts';
import { benchVariants } from './variants.ts';

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<BenchReport>>> = {
  ask: benchAsk,
  embed: benchEmbed,
  extract: benchExtract,
  http: benchHttp,
  library: benchLibrary,
  parallel: benchParallel,
  retrieval: benchRetrieval,
  scale: benchScale,
  search: benchSearch,
  service: benchService,
  telemetry: benchTelemetry,
  variants: benchVariants,
};

const USAGE = `Usage: npm run bench -- NAME [--json] [--books N] [--parallel N] [--rounds N] [--chunks N] [--seconds N]
       [--profile FOLDER]
Benchmarks: ${Object.keys(benches).join(', ')}
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
const bench = chosen && benches[chosen.name];
if (!bench) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  try {
    const report = await bench(chosen.options);
    printTable(report);
    if (chosen.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write(`${String(error)}\n`);
    process.exitCode ??= 130;
  }
}

function parsed() {
  try {
    return parseBenchOptions(process.argv.slice(2), interrupted.signal);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}
