import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface PageHeadProps {
  readonly title: string;
  readonly lead?: ComponentChildren;
  /** Buttons of the page. */
  readonly children?: ComponentChildren;
}

/** True until the first page was shown: its heading must not take the focus from the top of the document. */
let first = true;

/** The heading of a page. It takes the focus when the page comes, so that keyboards and screen readers go on from here. */
export function PageHead({ title, lead, children }: PageHeadProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!first) heading.current?.focus({ preventScroll: true });
    first = false;
    scrollTo(0, 0);
  }, []);
  useEffect(() => {
    document.title = `${title} – Scriptorium`;
  }, [title]);
  return (
    <header class="page-head">
      <div class="page-title">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {children && <div class="page-actions">{children}</div>}
    </header>
  );
}
