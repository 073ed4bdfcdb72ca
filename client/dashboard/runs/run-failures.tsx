import type { JSX } from 'preact';
import type { BookFailure } from '../api/types.ts';
import { Said } from '../parts/said.tsx';
import { counted } from '../text/amounts.ts';
import { fileName } from '../text/place.ts';

interface RunFailuresProps {
  readonly failures: readonly BookFailure[];
  /** All of the run: the list may hold only the first. */
  readonly total: number;
}

/** What failed, why, and what to do: the messages end in their remedies. */
export function RunFailures({ failures, total }: RunFailuresProps): JSX.Element | null {
  if (failures.length === 0) return null;
  return (
    <details class="failures">
      <summary>{counted(total, 'book')} failed: why, and what to do</summary>
      <ul class="rows">
        {failures.map((failure) => (
          <li key={`${failure.path} ${failure.code}`} class="failure">
            <p class="failure-head">
              <span class="name" title={failure.path}>
                {fileName(failure.path)}
              </span>
              <code class="code">{failure.code}</code>
            </p>
            <p>
              <Said text={failure.message} />
            </p>
            <p class="muted">
              at {failure.stage}, {counted(failure.attempts, 'try', 'tries')}
            </p>
          </li>
        ))}
      </ul>
      {total > failures.length && (
        <p class="muted">
          The first {failures.length} are shown; all are under{' '}
          <a href="#/library?state=failed">Library, failed</a>.
        </p>
      )}
    </details>
  );
}
