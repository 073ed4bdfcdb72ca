/** `status --watch`: every run with its bars until Ctrl-C. */
import { setTimeout } from 'node:timers/promises';
import { styleText } from 'node:util';
import type { Command } from 'commander';
import { isOutage } from '../failures.ts';
import { ScriptoriumClient } from '../index.ts';
import type { IngestHandle, IngestProgress } from '../ingest-handle.ts';
import { libraryOfRun, lookAt, type RunsInSight, runsIn } from '../run-service.ts';
import { untilAborted } from '../until-aborted.ts';
import { Bars } from './bars.ts';
import { NewFailures, type Row, rowsOf, runLine } from './run-rows.ts';
import { noRuns, unansweredLine } from './running.ts';

const REDRAW_EVERY_MS = 1_000;
const LINE_EVERY_MS = 5_000;

/** Returns at Ctrl-C. Bars go to standard error; elsewhere than at a terminal, lines or documents go to standard output. */
export async function watchStatus(command: Command): Promise<void> {
  const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
  const screen = process.stderr.isTTY && !json ? new BarScreen() : new LineScreen(json);
  const over = new AbortController();
  const stop = (): void => over.abort();
  // One may come twice: from the terminal, and from a program that hands it on.
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await using client = await ScriptoriumClient.connect();
    const runs = new RunsInView(client);
    while (!over.signal.aborted) {
      // Whoever ends the watching waits for no answer.
      screen.show(await untilAborted(runs.look(), over.signal));
      await setTimeout(screen.everyMs, undefined, { signal: over.signal }).catch(() => {});
    }
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    screen.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** Null where Temporal does not answer. */
type Sight = RunsInSight | null;

/** Keeps a handle a run, which remembers what it saw of the books in flight. */
class RunsInView {
  readonly #client: ScriptoriumClient;
  #handles = new Map<string, IngestHandle>();

  constructor(client: ScriptoriumClient) {
    this.#client = client;
  }

  async look(): Promise<Sight> {
    try {
      const ids = (await this.#client.runningIds()).sort();
      this.#handles = new Map(
        ids.map((id) => [id, this.#handles.get(id) ?? this.#client.run(libraryOfRun(id))]),
      );
    } catch (error) {
      if (isOutage(error)) return null;
      throw error;
    }
    return await lookAt(this.#handles.values());
  }
}

interface Screen {
  readonly everyMs: number;
  show(sight: Sight): void;
  stop(): void;
}

class BarScreen implements Screen {
  readonly everyMs = REDRAW_EVERY_MS;
  readonly #bars = new Bars();
  readonly #failures = new NewFailures();

  show(sight: Sight): void {
    this.#bars.show(rowsOfAll(sight));
    for (const progress of sight?.runs.values() ?? [])
      for (const failure of this.#failures.of(progress.failures)) this.#bars.log(styleText('red', failure));
  }

  stop(): void {
    this.#bars.stop();
  }
}

function rowsOfAll(sight: Sight): Row[] {
  const note = (label: string): Row[] => [{ key: label, kind: 'more', done: 0, label }];
  if (sight === null) return note('Temporal does not answer; waiting');
  if (isEmpty(sight)) return note('no run is going on; Ctrl-C ends the watching');
  const rows = [...sight.runs].flatMap(([id, progress]) => rowsOf(progress, id));
  return [...rows, ...sight.unanswered.flatMap((id) => note(unansweredLine(id)))];
}

class LineScreen implements Screen {
  readonly everyMs = LINE_EVERY_MS;
  readonly #json: boolean;
  readonly #failures = new NewFailures();

  constructor(json: boolean) {
    this.#json = json;
  }

  show(sight: Sight): void {
    const seen = sight ?? noRuns;
    const { runs, unanswered } = seen;
    if (this.#json) {
      print(JSON.stringify({ reachable: sight !== null, runs: runsIn(seen), unanswered }));
      return;
    }
    if (sight === null) print('Temporal does not answer; waiting');
    else if (isEmpty(sight)) print('no run is going on');
    for (const [id, progress] of runs) this.#tell(id, progress);
    for (const id of unanswered) print(unansweredLine(id));
  }

  #tell(id: string, progress: IngestProgress): void {
    for (const failure of this.#failures.of(progress.failures)) print(failure);
    print(`${id}: ${runLine(progress)}`);
  }

  stop(): void {}
}

function isEmpty({ runs, unanswered }: RunsInSight): boolean {
  return runs.size + unanswered.length === 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
