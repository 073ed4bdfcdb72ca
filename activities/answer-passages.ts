/** What an answer is made from: the chunks of each hit as one passage, of books that are still what was searched. */
import type { Catalog } from './ports/catalog.ts';
import type { StoredPassage, VectorStore } from './ports/vector-store.ts';
import { joinPieces, type Piece } from './retrieval/join.ts';
import { runAround } from './retrieval/passages.ts';

export interface AskedPassages {
  /** Best hit first, and of each hit the chunk first that ranked best. */
  readonly chunkIds: readonly string[];
  /** How many of them each hit has, in the same order; absent where each has one, and before version 0.7. */
  readonly perHit?: readonly number[] | undefined;
}

/** The chunks of one hit. */
export interface AnswerPassage extends Piece {
  /** The one that ranked best. */
  readonly best: StoredPassage;
  /** In the order of the book, without a gap. */
  readonly chunks: readonly StoredPassage[];
}

export interface ReadPassages {
  /** Best first. */
  readonly passages: readonly AnswerPassage[];
  /** False when the store has not all that was asked for: its book was replaced or removed since. */
  readonly complete: boolean;
}

export async function readPassages(
  store: Pick<VectorStore, 'get'>,
  { chunkIds, perHit }: AskedPassages,
): Promise<ReadPassages> {
  const found = new Map((await store.get(chunkIds)).map((chunk) => [chunk.id, chunk]));
  return {
    passages: hitsOf(chunkIds, perHit).flatMap((ids) => passageOf(ids.map((id) => found.get(id))) ?? []),
    complete: chunkIds.every((id) => found.has(id)),
  };
}

/** Those whose revision is the committed one at this moment. */
export async function committedPassages(
  catalog: Pick<Catalog, 'get'>,
  passages: readonly AnswerPassage[],
): Promise<AnswerPassage[]> {
  const books = await catalog.get([...new Set(passages.map(({ best }) => best.bookId))]);
  return passages.filter(({ best }) => books.get(best.bookId)?.revision === best.revision);
}

function hitsOf(chunkIds: readonly string[], perHit: readonly number[] | undefined): readonly string[][] {
  let from = 0;
  return (perHit ?? chunkIds.map(() => 1)).map((count) => {
    from += count;
    return chunkIds.slice(from - count, from);
  });
}

/** Null without the chunk that ranked best; the others are nothing by themselves. */
function passageOf([best, ...others]: readonly (StoredPassage | undefined)[]): AnswerPassage | null {
  if (!best) return null;
  const there = [best, ...others.filter((chunk) => chunk !== undefined)];
  const chunks = runAround(
    there.sort((a, b) => a.ordinal - b.ordinal),
    best,
  );
  return { best, chunks, ...joinPieces(chunks) };
}
