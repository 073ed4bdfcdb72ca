import type { JSX } from 'preact';
import { removeBook } from '../api/calls.ts';
import type { BookDetail } from '../api/types.ts';
import { Confirm } from '../parts/confirm.tsx';
import { announce } from '../state/announce.ts';
import { go } from '../state/route.ts';
import { bookName } from '../text/place.ts';

interface RemoveBookProps {
  readonly book: BookDetail;
  readonly onClose: () => void;
}

export function RemoveBook({ book, onClose }: RemoveBookProps): JSX.Element {
  const remove = async (): Promise<void> => {
    await removeBook(book.bookId);
    announce(`${bookName(book)} was removed`);
    go({ page: 'library', title: '', library: '', state: '' });
  };
  return (
    <Confirm
      title="Remove this book?"
      deed="Remove the book"
      instead="Keep it"
      onConfirm={remove}
      onClose={onClose}
    >
      <p>
        Nothing of <strong>{bookName(book)}</strong> is found any more, and answers that cite it are not given
        again.
      </p>
      <p>The file stays where it is: ingested again, the book is back.</p>
    </Confirm>
  );
}
