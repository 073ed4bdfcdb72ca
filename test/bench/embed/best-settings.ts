import type { Alternatives, Engine } from './alternatives.ts';
import type { Settings } from './contender.ts';

const BATCHES = [1, 8, 32];

/** The fastest of the batch sizes, on as many threads as ours, the texts sorted by length; each measured once, warm. */
export async function bestSettings(
  alternatives: Alternatives,
  engine: Engine,
  texts: readonly string[],
  threads: number,
  signal: AbortSignal,
): Promise<Settings> {
  let best: { settings: Settings; elapsed: number } | null = null;
  for (const batch of BATCHES) {
    signal.throwIfAborted();
    const settings: Settings = { batch, threads };
    await using contender = await alternatives.start(engine, texts, settings);
    const started = performance.now();
    await contender.run();
    const elapsed = performance.now() - started;
    process.stderr.write(
      `${engine}, batches of ${batch}: ${((texts.length * 1_000) / elapsed).toFixed(1)}\n`,
    );
    if (!best || elapsed < best.elapsed) best = { settings, elapsed };
  }
  return best?.settings ?? { batch: null, threads };
}
