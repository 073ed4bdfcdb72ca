export interface BenchReport {
  readonly bench: string;
  readonly unit: string;
  /** Everything that a reader needs to repeat it. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** One figure a round, by contender; ours is `scriptorium`. */
  readonly rounds: Readonly<Record<string, readonly number[]>>;
  readonly medians: Readonly<Record<string, number>>;
  /** Ours to each alternative: the median of the rounds' own ratios. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Ours to the only, or first, alternative. */
  readonly ratio: number;
  readonly notMeasured: string;
  /** What else was measured, units in the names. */
  readonly figures?: Readonly<Record<string, number | string>>;
  /** Figures over time; the first of each row is seconds since the start. */
  readonly series?: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** The middle figure; of an even number the mean of the two in the middle. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

/** Measures the contenders in turns, so that what the machine does besides hits all of them. */
export async function alternate(
  contenders: Readonly<Record<string, () => Promise<number>>>,
  rounds: number,
  signal: AbortSignal,
): Promise<Record<string, number[]>> {
  const figures: Record<string, number[]> = Object.fromEntries(
    Object.keys(contenders).map((name) => [name, []]),
  );
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(contenders);
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      signal.throwIfAborted();
      const figure = await contenders[name]?.();
      if (figure !== undefined) figures[name]?.push(figure);
      process.stderr.write(`round ${round + 1}/${rounds} ${name}: ${figure?.toFixed(1)}\n`);
    }
  }
  return figures;
}

export function reportOf(
  about: Pick<BenchReport, 'bench' | 'unit' | 'settings' | 'notMeasured'>,
  rounds: Record<string, number[]>,
): BenchReport {
  const medians = Object.fromEntries(
    Object.entries(rounds).map(([name, figures]) => [name, median(figures)]),
  );
  const ours = rounds.scriptorium ?? [];
  const others = Object.entries(rounds).filter(([name]) => name !== 'scriptorium');
  const ratios = Object.fromEntries(others.map(([name, theirs]) => [name, medianRatio(ours, theirs)]));
  return { ...about, rounds, medians, ratios, ratio: Object.values(ratios)[0] ?? 0 };
}

/** Of figures taken side by side: what slows a whole round down leaves its ratio as it was. */
function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((figure, round) => figure / (theirs[round] ?? Number.NaN)));
}

export function printTable({
  bench,
  unit,
  settings,
  medians,
  ratios,
  rounds,
  notMeasured,
  figures = {},
}: BenchReport): void {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(
    `\n${bench}: ${Object.entries(settings)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  );
  for (const [name, figure] of Object.entries(medians)) {
    const range = rounds[name] ?? [];
    const ratio = ratios[name] === undefined ? '' : `  ours is ${ratios[name].toFixed(3)} of it`;
    say(
      `  ${name.padEnd(16)} ${figure.toFixed(1)} ${unit} (${Math.min(...range).toFixed(1)} to ${Math.max(...range).toFixed(1)})${ratio}`,
    );
  }
  for (const [name, figure] of Object.entries(figures)) say(`  ${name.padEnd(36)} ${figure}`);
  say(`  not measured: ${notMeasured}`);
}
