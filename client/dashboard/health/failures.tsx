import type { JSX } from 'preact';
import { failures } from '../api/calls.ts';
import type { FailedBook } from '../api/types.ts';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { Said } from '../parts/said.tsx';
import { hashOf } from '../routes.ts';
import { useLoaded } from '../state/loaded.ts';
import { counted } from '../text/amounts.ts';
import { byCode, type CodeGroup, withoutRemedy } from '../text/failure.ts';
import { bookName } from '../text/place.ts';

/** More are counted, and shown by `scriptorium failures`. */
const MAX_PAGES = 5;
const EVERY_MS = 30_000;

interface Gathered {
  readonly failed: readonly FailedBook[];
  readonly isAll: boolean;
}

/** Failed books, by code. */
export function Failures(): JSX.Element {
  const loaded = useLoaded(gather, 'failures', () => EVERY_MS);
  return (
    <section class="group">
      <h2>Failures</h2>
      {loaded.loading && <Loading what="the failures" />}
      {loaded.problem && <ProblemNotice problem={loaded.problem} onRetry={loaded.reload} />}
      {loaded.data && <Groups {...loaded.data} />}
    </section>
  );
}

async function gather(signal: AbortSignal): Promise<Gathered> {
  const failed: FailedBook[] = [];
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const found = await failures({ after, limit: 200 }, signal);
    failed.push(...found.failures);
    if (found.next === null) return { failed, isAll: true };
    after = found.next;
  }
  return { failed, isAll: false };
}

function Groups({ failed, isAll }: Gathered): JSX.Element {
  if (failed.length === 0) return <p class="muted">No book has failed.</p>;
  return (
    <>
      {!isAll && <p class="muted">The first {failed.length}; all: npx scriptorium failures</p>}
      <ul class="cards">
        {byCode(failed).map((group) => (
          <Group key={group.code} group={group} />
        ))}
      </ul>
    </>
  );
}

const MAX_NAMED = 10;

function Group({ group: { code, remedy, books } }: { readonly group: CodeGroup<FailedBook> }): JSX.Element {
  return (
    <li class="card">
      <p class="part-head">
        <code class="code">{code}</code>
        <strong>{counted(books.length, 'book')}</strong>
      </p>
      <p class="remedy">
        <Said text={remedy} />
      </p>
      <details>
        <summary>
          Which<span class="unseen"> books failed with {code}</span>
        </summary>
        <ul class="rows">
          {books.slice(0, MAX_NAMED).map((book) => (
            <li key={book.bookId} class="failure">
              <a href={hashOf({ page: 'book', bookId: book.bookId, n: 1, quote: '' })}>{bookName(book)}</a>
              <p class="muted">{withoutRemedy(book.failure?.message ?? '', remedy)}</p>
            </li>
          ))}
        </ul>
        {books.length > MAX_NAMED && (
          <p>
            <a href="#/library?state=failed">All failed books</a>
          </p>
        )}
      </details>
    </li>
  );
}
