/** Groups of chunks → the passages that a search gives, wider by the neighbours that are asked for. */
import type { SearchHit } from '../../workflows/result-contract.ts';
import { chunkIdOf } from '../naming.ts';
import type { NearPassage, StoredPassage, VectorStore } from '../ports/vector-store.ts';
import type { PassageGroup } from './group.ts';
import { joinPieces } from './join.ts';

/**
 * With `neighbours` chunks before and after each group, as far as the book has them. No chunk is given twice: what stands
 * between two groups goes to the better one.
 */
export async function widened(
  store: VectorStore,
  groups: readonly PassageGroup[],
  neighbours: number,
): Promise<PassageGroup[]> {
  const taken = new Set(groups.flatMap(({ chunks }) => chunks.map(({ id }) => id)));
  const near = new Map<string, NearPassage>();
  const wanted = groups.map((group) =>
    neighboursOf(group, neighbours).flatMap(({ id, beside }) => {
      if (taken.has(id)) return [];
      taken.add(id);
      near.set(id, beside);
      return [id];
    }),
  );
  const found = await store.get(wanted.flat(), { near });
  const byId = new Map(found.map((passage) => [passage.id, passage]));
  return groups.map((group, at) => {
    const beside = (wanted[at] ?? []).flatMap((id) => byId.get(id) ?? []);
    const chunks = [...group.chunks, ...beside].sort((a, b) => a.ordinal - b.ordinal);
    return { best: group.best, chunks: runAround(chunks, group.best.passage) };
  });
}

/** Ids are derived, so that the neighbours are of the same revision, and are known without a search. */
function neighboursOf(
  { chunks }: PassageGroup,
  neighbours: number,
): { readonly id: string; readonly beside: NearPassage }[] {
  const [first, last] = [chunks[0], chunks.at(-1)];
  if (!first || !last) return [];
  const steps = Array.from({ length: neighbours }, (_, step) => step + 1);
  const places = [
    ...steps.map((step) => ({ of: first, after: -step })),
    ...steps.map((step) => ({ of: last, after: step })),
  ].filter(({ of, after }) => of.ordinal + after >= 0);
  return places.map(({ of, after }) => ({
    id: chunkIdOf(of.bookId, of.revision, of.ordinal + after),
    beside: { id: of.id, after },
  }));
}

/** The chunks around one of them, in the order of the book: one that is missing in the store ends the passage. */
export function runAround(chunks: readonly StoredPassage[], best: StoredPassage): StoredPassage[] {
  const at = chunks.findIndex(({ id }) => id === best.id);
  let [from, to] = [at, at];
  while (isNext(chunks[from - 1], chunks[from])) from -= 1;
  while (isNext(chunks[to], chunks[to + 1])) to += 1;
  return chunks.slice(from, to + 1);
}

function isNext(before: StoredPassage | undefined, after: StoredPassage | undefined): boolean {
  return before !== undefined && after !== undefined && before.ordinal + 1 === after.ordinal;
}

/** `similarityOf` gives the cosine of a chunk that was found by its vector. */
export function searchHitOf(
  { best, chunks }: PassageGroup,
  similarityOf: (chunkId: string) => number | undefined,
): SearchHit {
  const { id, title, author, section, path, bookId } = best.passage;
  const { text, page } = joinPieces(chunks);
  return {
    ...{ score: best.score, text, title, author, page, section, path, bookId, chunkId: id },
    chunkIds: chunks.map((chunk) => chunk.id),
    similarity: similarityOf(id) ?? null,
  };
}
