import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { books } from '../api/calls.ts';
import type { Book, BookPage, BooksQuery } from '../api/types.ts';
import { Badge } from '../parts/badge.tsx';
import { Command } from '../parts/command.tsx';
import { Icon } from '../parts/icons.tsx';
import { Empty, Loading, ProblemNotice } from '../parts/notice.tsx';
import { hashOf } from '../routes.ts';
import { announce } from '../state/announce.ts';
import { useLoaded } from '../state/loaded.ts';
import { amount, counted } from '../text/amounts.ts';
import { bookName, fileName } from '../text/place.ts';

type Wanted = Pick<BooksQuery, 'title' | 'library' | 'state'>;
const PAGE = 50;

/** Books by the page; the cursors of the pages before are kept, since the server only leads on. */
export function BookTable(wanted: Wanted): JSX.Element {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const after = cursors.at(-1);
  const loaded = useLoaded(
    (signal) => books({ ...wanted, after, limit: PAGE }, signal),
    JSON.stringify([wanted, after]),
  );
  const { data } = loaded;
  useEffect(() => {
    if (data) announce(`${counted(data.books.length, 'book')} shown`);
  }, [data]);
  return (
    <>
      {loaded.problem && <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} />}
      {loaded.loading && <Loading what="the books" />}
      {data && (data.books.length > 0 ? <Table books={data.books} /> : <NoBooks wanted={wanted} />)}
      {data && <Paging page={data} cursors={cursors} setCursors={setCursors} />}
    </>
  );
}

function Table({ books }: { readonly books: readonly Book[] }): JSX.Element {
  return (
    <div class="table-box">
      <table class="books">
        <caption class="unseen">Books</caption>
        <thead>
          <tr>
            <th scope="col">Title</th>
            <th scope="col" class="wide-only">
              Library
            </th>
            <th scope="col">State</th>
            <th scope="col" class="number wide-only">
              Pages
            </th>
            <th scope="col" class="number wide-only">
              Chunks
            </th>
          </tr>
        </thead>
        <tbody>
          {books.map((book) => (
            <Row key={book.bookId} book={book} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ book }: { readonly book: Book }): JSX.Element {
  const { bookId, author, path, library, state, pages, unreadable, chunks, failure } = book;
  return (
    <tr>
      <th scope="row">
        <a class="book-link" href={hashOf({ page: 'book', bookId, n: 1, quote: '' })}>
          {bookName(book)}
        </a>
        <span class="muted line" title={path}>
          {author ? `${author} · ${fileName(path)}` : fileName(path)}
        </span>
      </th>
      <td class="wide-only">{library}</td>
      <td>
        <Badge state={state} />
        {unreadable && <span class="muted line">damaged in part</span>}
        {failure && <code class="code line">{failure.code}</code>}
      </td>
      <td class="number wide-only">{amount(pages)}</td>
      <td class="number wide-only">{amount(chunks)}</td>
    </tr>
  );
}

interface PagingProps {
  readonly page: BookPage;
  readonly cursors: readonly string[];
  readonly setCursors: (cursors: readonly string[]) => void;
}

function Paging({ page: { next }, cursors, setCursors }: PagingProps): JSX.Element | null {
  if (next === null && cursors.length === 0) return null;
  return (
    <nav class="paging" aria-label="Pages of the list">
      <button
        type="button"
        class="button"
        disabled={cursors.length === 0}
        onClick={() => setCursors(cursors.slice(0, -1))}
      >
        <Icon name="back" /> Previous
      </button>
      <span class="muted">page {cursors.length + 1}</span>
      <button
        type="button"
        class="button"
        disabled={next === null}
        onClick={() => next !== null && setCursors([...cursors, next])}
      >
        Next <Icon name="on" />
      </button>
    </nav>
  );
}

function NoBooks({ wanted: { title, library, state } }: { readonly wanted: Wanted }): JSX.Element {
  if (title || library || state)
    return (
      <Empty title="No book is like that">
        <p>
          Look for less, or <a href="#/library">show all books</a>.
        </p>
      </Empty>
    );
  return (
    <Empty title="The library is empty">
      <p>
        Add books under <a href="#/runs">Runs</a>, or with the command:
      </p>
      <Command text="npx scriptorium ingest ~/Books" />
    </Empty>
  );
}
