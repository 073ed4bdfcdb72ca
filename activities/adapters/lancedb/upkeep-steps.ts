/** Looks at a table of points, and does what `upkeep-plan.ts` says. */
import type { Index, Table } from '@lancedb/lancedb';
import type { LanceLibrary } from './database.ts';
import { KEEP_VERSIONS_MS } from './table.ts';
import { type TableState, type UpkeepStep, type WantedIndex, wantedIndexes } from './upkeep-plan.ts';

/**
 * Bits for each number of a vector in its index (RaBitQ, Gao and Long 2024). Of 1.35 million vectors it takes 40 s and
 * 0.9 GB to build, where a graph takes many minutes. With one bit or two, so many more candidates would have to be ordered
 * by their whole vectors that a search took longer.
 */
const VECTOR_BITS = 4;

/** Costs some milliseconds, whatever the size of the table. */
export async function tableState(table: Table): Promise<TableState> {
  const [{ numRows, fragmentStats }, indexes] = await Promise.all([table.stats(), table.listIndices()]);
  return {
    rows: numRows,
    fragments: fragmentStats.numFragments,
    indexes: indexes.map(({ name, numUnindexedRows, numSegments }) => ({
      name,
      unindexedRows: Number(numUnindexedRows ?? 0),
      segments: Number(numSegments ?? 1),
    })),
  };
}

/**
 * Indexes the words of a table that is new, or so small that it takes no time: the scan of rows that no index holds takes
 * its rules of words from the index. A larger table of version 0.1 gets its index by its first upkeep; until then words
 * are compared by LanceDB's own rules, which differ in accents only.
 */
export async function indexWordsOfSmall(
  lance: LanceLibrary,
  table: Table,
): Promise<{ result: undefined; committed: boolean }> {
  const { rows, indexes } = await tableState(table);
  const wanted = wantedIndexes.find(({ kind }) => kind === 'words');
  const isThere = indexes.some(({ name }) => name === wanted?.name);
  if (wanted === undefined || isThere || rows >= wanted.fromRows)
    return { result: undefined, committed: false };
  await takeStep(lance, table, { kind: 'build', index: wanted });
  return { result: undefined, committed: true };
}

/** Does one step; gives a line that tells of it. */
export async function takeStep(lance: LanceLibrary, table: Table, step: UpkeepStep): Promise<string> {
  const started = performance.now();
  if (step.kind === 'compact') {
    await table.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) });
  } else {
    const { name, column } = step.index;
    await table.createIndex(column, { config: configOf(lance, step.index), name, replace: true });
  }
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  return `${step.kind === 'compact' ? 'compacted' : `built ${step.index.name}`} in ${seconds} s`;
}

function configOf({ Index: kinds }: LanceLibrary, { kind }: WantedIndex): Index {
  switch (kind) {
    // No phrases are asked for, and positions would double the index.
    case 'words':
      return kinds.fts({ withPosition: false, stem: true, removeStopWords: true, asciiFolding: true });
    case 'vectors':
      return kinds.ivfRq({ distanceType: 'cosine', numBits: VECTOR_BITS });
    case 'ordered':
      return kinds.btree();
    case 'values':
      return kinds.bitmap();
    case 'labels':
      return kinds.labelList();
  }
}
