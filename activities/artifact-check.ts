/** Reads the artifacts of a book whole: checksums, order and counts. */
import { ScriptoriumError } from './errors.ts';
import type { ArtifactStore } from './ports/artifact-store.ts';
import type { ArtifactKeys, BookRecord } from './ports/catalog.ts';

export interface ArtifactsFound {
  readonly read: number;
  readonly gone: number;
  /** Keys of the damaged ones; the store has dropped those whose checksums are wrong. */
  readonly damaged: readonly string[];
}

/** Without keys (a book of version 0.1 under another pipeline) all three count as gone. */
export async function checkArtifacts(
  artifacts: ArtifactStore,
  keys: ArtifactKeys | null,
  { pages, chunks }: BookRecord,
): Promise<ArtifactsFound> {
  if (keys === null) return { read: 0, gone: 3, damaged: [] };
  const states = [
    [keys.pages, await stateOf(artifacts, keys.pages, pages)],
    [keys.chunks, await stateOf(artifacts, keys.chunks, chunks)],
    [keys.vectors, await stateOf(artifacts, keys.vectors, chunks)],
  ] as const;
  const of = (state: State): string[] => states.flatMap(([key, found]) => (found === state ? [key] : []));
  return { read: of('good').length, gone: of('gone').length, damaged: of('damaged') };
}

type State = 'good' | 'gone' | 'damaged';

async function stateOf(artifacts: ArtifactStore, key: string, wanted: number): Promise<State> {
  await using reader = await artifacts.open(key);
  if (!reader) return 'gone';
  try {
    // The reader checks each record on its way.
    for await (const _ of reader.read());
  } catch (error) {
    if (error instanceof ScriptoriumError && error.code === 'ARTIFACT_CORRUPT') return 'damaged';
    throw error;
  }
  return reader.records === wanted ? 'good' : 'damaged';
}
