import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { chunksOfBook } from '../api/calls.ts';
import type { Chunk } from '../api/types.ts';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { useAction } from '../state/action.ts';
import { useLoaded } from '../state/loaded.ts';
import { counted } from '../text/amounts.ts';
import { placeLabel } from '../text/place.ts';

const BEFORE_FIRST = -1;

/** The passages that the book was cut into: what searches find. */
export function Chunks({ bookId }: { readonly bookId: string }): JSX.Element {
  const first = useLoaded((signal) => chunksOfBook(bookId, BEFORE_FIRST, signal), bookId);
  const [more, setMore] = useState<readonly Chunk[]>([]);
  const [next, setNext] = useState<number | null>();
  const action = useAction();
  const goOn = next === undefined ? (first.data?.next ?? null) : next;
  const loadMore = (after: number): Promise<boolean> =>
    action.start(async () => {
      const page = await chunksOfBook(bookId, after);
      setMore([...more, ...page.chunks]);
      setNext(page.next);
    });
  return (
    <>
      {first.loading && <Loading what="the chunks" />}
      {first.problem && <ProblemNotice problem={first.problem} onRetry={first.reload} />}
      <ol class="cards">
        {[...(first.data?.chunks ?? []), ...more].map((chunk) => (
          <ChunkCard key={chunk.ordinal} chunk={chunk} />
        ))}
      </ol>
      {action.problem && <ProblemNotice problem={action.problem} />}
      {goOn !== null && (
        <button type="button" class="button" disabled={action.busy} onClick={() => loadMore(goOn)}>
          Show more chunks
        </button>
      )}
    </>
  );
}

function ChunkCard({ chunk }: { readonly chunk: Chunk }): JSX.Element {
  return (
    <li class="card chunk">
      <p class="muted">
        <strong>#{chunk.ordinal}</strong> {placeLabel(chunk)} · {counted(chunk.tokens, 'token')}
      </p>
      <p class="prose">{chunk.text}</p>
    </li>
  );
}
