import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { book } from '../api/calls.ts';
import type { BookDetail } from '../api/types.ts';
import { Badge } from '../parts/badge.tsx';
import { Icon } from '../parts/icons.tsx';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Said } from '../parts/said.tsx';
import { hashOf, type Route } from '../routes.ts';
import { useLoaded } from '../state/loaded.ts';
import { go } from '../state/route.ts';
import { may } from '../state/who.ts';
import { amount, bytes } from '../text/amounts.ts';
import { bookName, fileName } from '../text/place.ts';
import { Chunks } from './chunks.tsx';
import { PageReader } from './page-reader.tsx';
import { RemoveBook } from './remove-book.tsx';

type BookRoute = Extract<Route, { page: 'book' | 'chunks' }>;

/** A book: what is known of it, its pages and its chunks. */
export function BookPage({ route }: { readonly route: BookRoute }): JSX.Element {
  const { bookId } = route;
  const loaded = useLoaded((signal) => book(bookId, signal), bookId);
  return (
    <>
      <p class="crumb">
        <a href="#/library">
          <Icon name="back" /> Library
        </a>
      </p>
      {loaded.loading && <Loading what="the book" />}
      {loaded.problem && <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} />}
      {loaded.data && <Detail book={loaded.data} route={route} />}
    </>
  );
}

const updated = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

interface DetailProps {
  readonly book: BookDetail;
  readonly route: BookRoute;
}

function Detail({ book, route }: DetailProps): JSX.Element {
  const [asks, setAsks] = useState(false);
  return (
    <>
      <PageHead title={bookName(book)} lead={book.author ?? (book.title ? fileName(book.path) : null)}>
        {may('admin') && (
          <button type="button" class="button quiet danger-text" onClick={() => setAsks(true)}>
            Remove …
          </button>
        )}
      </PageHead>
      {asks && <RemoveBook book={book} onClose={() => setAsks(false)} />}
      <BookFacts book={book} />
      {book.failure && <BookFailure failure={book.failure} />}
      {book.revision !== null && <BookText book={book} route={route} />}
    </>
  );
}

function BookFacts({ book }: { readonly book: BookDetail }): JSX.Element {
  const {
    state,
    library,
    format,
    pages,
    unreadable = 0,
    chunks,
    points,
    bytes: size,
    updatedAtMs,
    path,
    sha256,
  } = book;
  const facts: readonly (readonly [string, JSX.Element | string])[] = [
    ['State', <Badge state={state} />],
    ['Library', library],
    ['Format', format ?? 'unknown'],
    ['Size', bytes(size)],
    ['Pages', unreadable > 0 ? `${amount(pages)}; ${amount(unreadable)} damaged` : amount(pages)],
    ['Chunks', points === chunks ? amount(chunks) : `${amount(chunks)}, ${amount(points)} in the store`],
    ['Updated', updated.format(updatedAtMs)],
  ];
  return (
    <section class="card" aria-label="About the book">
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <dl class="long-facts">
        <dt>File</dt>
        <dd>
          <code>{path}</code>
        </dd>
        {sha256 && <dt>SHA-256</dt>}
        {sha256 && (
          <dd>
            <code>{sha256}</code>
          </dd>
        )}
      </dl>
    </section>
  );
}

function BookFailure({ failure }: { readonly failure: NonNullable<BookDetail['failure']> }): JSX.Element {
  return (
    <div class="notice problem">
      <p class="notice-text">
        <Said text={failure.message} />
      </p>
      <p class="notice-foot">
        <code class="code">{failure.code}</code>
        <span>at {failure.stage}</span>
      </p>
    </div>
  );
}

function BookText({ book: { bookId }, route }: DetailProps): JSX.Element {
  const isPages = route.page === 'book';
  return (
    <section class="group" aria-label="Text of the book">
      <nav class="tabs" aria-label="Text as">
        <a
          href={hashOf({ page: 'book', bookId, n: 1, quote: '' })}
          aria-current={isPages ? 'page' : undefined}
        >
          Pages
        </a>
        <a href={hashOf({ page: 'chunks', bookId })} aria-current={isPages ? undefined : 'page'}>
          Chunks
        </a>
      </nav>
      {route.page === 'book' ? (
        <PageReader
          bookId={bookId}
          n={route.n}
          quote={route.quote}
          onTurn={(n) => go({ page: 'book', bookId, n, quote: route.quote })}
        />
      ) : (
        <Chunks bookId={bookId} />
      )}
    </section>
  );
}
