import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { hashOf } from '../routes.ts';
import { useLoaded } from '../state/loaded.ts';
import type { Place } from '../text/place.ts';
import { findPage } from './find-page.ts';
import { PageReader } from './page-reader.tsx';

/** A passage that can be read where it stands. */
export interface Passage extends Place {
  readonly bookId: string;
  readonly title: string;
  readonly quote: string;
}

interface PageDialogProps {
  readonly passage: Passage;
  readonly onClose: () => void;
}

/** The page of a passage, at the side of what led to it. */
export function PageDialog({ passage, onClose }: PageDialogProps): JSX.Element {
  const { bookId, title, quote } = passage;
  const [turned, setTurned] = useState<number | null>(null);
  const found = useLoaded((signal) => findPage(bookId, passage, quote, signal), bookId);
  const n = turned ?? found.data;
  return (
    <Dialog title={title} kind="sheet" onClose={onClose}>
      {found.loading && <Loading what="the page" />}
      {found.problem && <ProblemNotice problem={found.problem} onRetry={found.reload} />}
      {n !== null && (
        <>
          <PageReader bookId={bookId} n={n} quote={quote} onTurn={setTurned} />
          <p class="sheet-foot">
            <a href={hashOf({ page: 'book', bookId, n, quote })}>Open in the library</a>
          </p>
        </>
      )}
    </Dialog>
  );
}
