/** Entry of the supervisor: `node main`, the process behind `scriptorium up`. */
import { toScriptoriumError } from '../../activities/errors.ts';
import { keepHeapsLean } from '../../activities/lean-heap.ts';
import type { StackState } from '../../client/stack-state.ts';
import type { Asset } from '../assets/manifest.ts';
import { loadConfig } from '../config.ts';
import { Supervisor } from './supervisor.ts';

try {
  await main();
} catch (error) {
  const { code, message, remedy } = toScriptoriumError(error);
  say(`${code}: ${message}. ${remedy}`);
  process.exitCode = 1;
}
// A download that was under way when the stack was told to stop would keep the process for minutes.
process.exit();

async function main(): Promise<void> {
  keepHeapsLean();
  // Whoever read what it says may be gone; what it has started goes on, and has to be stopped by it.
  process.stderr.on('error', () => {});
  const supervisor = new Supervisor({ config: loadConfig(), say, onProgress: fetchProgress() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => supervisor.stop());
  const other = await supervisor.run(tellReady);
  if (!other) return say('stopped');
  say(`the stack is up already (process ${other.pid})`);
}

function tellReady({ temporalAddress, uiUrl, httpUrl }: StackState): void {
  say(`Temporal is at ${temporalAddress}${uiUrl ? `, its web UI at ${uiUrl}` : ''}`);
  if (httpUrl) say(`the dashboard and the API are at ${httpUrl}`);
  say('the stack is up; Ctrl-C or `scriptorium down` stops it');
}

/** A line for each tenth of a download, or for each 20 MB where its size is not known. */
function fetchProgress(): (asset: Asset, bytes: number, total: number | null) => void {
  const told = new Map<string, number>();
  return (asset, bytes, total) => {
    const step = Math.floor(total ? (bytes * 10) / total : bytes / 20_000_000);
    if (told.get(asset.name) === step) return;
    told.set(asset.name, step);
    const share = total ? `${Math.floor((bytes * 100) / total)} % of ${megabytes(total)}` : megabytes(bytes);
    say(`fetching ${asset.title} ${asset.version}: ${share}`);
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function say(line: string): void {
  process.stderr.write(`scriptorium: ${line}\n`);
}
