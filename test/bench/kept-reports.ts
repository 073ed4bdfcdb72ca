/** The reports of the last release, beside the benchmarks: what docs/performance.md shows, and what later ones are held against. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { BenchReport } from './report.ts';

const folder = fileURLToPath(new URL('./kept/', import.meta.url));

const figures = z.record(z.string(), z.number());
const keptReport = z.object({
  bench: z.string(),
  unit: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
  rounds: z.record(z.string(), z.array(z.number())),
  medians: figures,
  ratios: figures,
  ratio: z.number(),
  notMeasured: z.string(),
  figures: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
  keptOn: z.iso.date(),
  machine: z.string(),
});
export type KeptReport = z.infer<typeof keptReport>;

/** By name. */
export async function keptReports(): Promise<readonly KeptReport[]> {
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  return await Promise.all(
    names.map(async (name) => keptReport.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))),
  );
}

/** In the place of the one that was kept before. */
export async function keep({ series: _, ...report }: BenchReport): Promise<void> {
  const kept: KeptReport = {
    ...report,
    ...(report.figures && { figures: { ...report.figures } }),
    ...{ settings: { ...report.settings }, medians: { ...report.medians }, ratios: { ...report.ratios } },
    rounds: Object.fromEntries(Object.entries(report.rounds).map(([name, round]) => [name, [...round]])),
    keptOn: new Date().toISOString().slice(0, 10),
    machine: machine(),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${report.bench}.json`), `${JSON.stringify(kept, null, 2)}\n`);
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} cores of ${cpu?.model ?? 'an unknown kind'}, ${Math.round(totalmem() / 2 ** 30)} GB of memory`;
}

/** A ratio is lost when it falls by more than this share: the noise of a shared machine is half of it. */
const TOLERATED = 0.1;

/** What a reader should know of the last release's report: that there is none, that it is of something else, or what fell since. */
export function comparedWith(
  kept: Pick<KeptReport, 'ratios' | 'keptOn' | 'settings'> | undefined,
  now: Pick<BenchReport, 'ratios' | 'settings'>,
): string[] {
  if (!kept) return ['not compared: no report of a release is kept (--keep keeps this one)'];
  const others = otherSettings(kept, now);
  const missing = Object.keys(kept.ratios).filter((name) => now.ratios[name] === undefined);
  return [
    ...(others.length > 0 ? [`compared with ${kept.keptOn} at other settings: ${others.join(', ')}`] : []),
    ...missing.map(
      (name) => `not compared: this report has no ratio to ${name}, and that of ${kept.keptOn} has`,
    ),
    ...lossesSince(kept, now),
  ];
}

/** Whether a ratio fell since the last release, measured in the same way. */
export function hasLost(
  kept: Pick<KeptReport, 'ratios' | 'keptOn' | 'settings'>,
  now: Pick<BenchReport, 'ratios' | 'settings'>,
): boolean {
  return otherSettings(kept, now).length === 0 && lossesSince(kept, now).length > 0;
}

function otherSettings(
  kept: Pick<KeptReport, 'settings'>,
  now: Pick<BenchReport, 'settings'>,
): readonly string[] {
  const names = Object.keys({ ...kept.settings, ...now.settings });
  return names.filter((name) => kept.settings[name] !== now.settings[name]);
}

/** Lines that tell which ratios fell since the last release; each is a speed with ours as the numerator. */
export function lossesSince(
  kept: Pick<KeptReport, 'ratios' | 'keptOn'>,
  now: Pick<BenchReport, 'ratios'>,
): string[] {
  return Object.entries(now.ratios).flatMap(([name, ratio]) => {
    const before = kept.ratios[name];
    if (before === undefined || ratio >= before * (1 - TOLERATED)) return [];
    const loss = ((1 - ratio / before) * 100).toFixed(0);
    return [
      `LOSS of ${loss} %: ours to ${name} is ${ratio.toFixed(3)}, and was ${before.toFixed(3)} on ${kept.keptOn}`,
    ];
  });
}
