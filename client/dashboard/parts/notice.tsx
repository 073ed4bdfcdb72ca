/** What a part of the page says instead of what it would show. */
import type { ComponentChildren, JSX } from 'preact';
import type { Problem } from '../api/types.ts';
import { withoutRemedy } from '../text/failure.ts';
import { Said } from './said.tsx';

interface ProblemNoticeProps {
  readonly problem: Problem;
  /** Offered as a button. */
  readonly onRetry?: (() => void) | undefined;
}

/** What happened, what to do, and the code to look it up by. */
export function ProblemNotice({ problem, onRetry }: ProblemNoticeProps): JSX.Element {
  const { code, detail, remedy } = problem;
  return (
    <div class="notice problem" role="alert">
      <p class="notice-text">
        <Said text={withoutRemedy(detail, remedy)} />
      </p>
      {remedy && (
        <p class="remedy">
          <Said text={remedy} />
        </p>
      )}
      <p class="notice-foot">
        <code class="code">{code}</code>
        {onRetry && (
          <button type="button" class="button small" onClick={onRetry}>
            Try again
          </button>
        )}
      </p>
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Nothing is there yet: says what to do about it. */
export function Empty({ title, children }: EmptyProps): JSX.Element {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey lines where text will be. */
export function Loading({ what }: { readonly what: string }): JSX.Element {
  return (
    <div class="loading" role="status">
      <span class="unseen">Loading {what} …</span>
      <span class="shade" />
      <span class="shade" />
      <span class="shade" />
    </div>
  );
}
