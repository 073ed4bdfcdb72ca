import type { JSX } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import { Icon } from '../parts/icons.tsx';
import { LibrarySelect } from '../parts/library-select.tsx';
import { PageHead } from '../parts/page-head.tsx';
import type { Route } from '../routes.ts';
import { readdress } from '../state/route.ts';
import { BookTable } from './book-table.tsx';

type LibraryRoute = Extract<Route, { page: 'library' }>;

/** Keys that follow each other faster are one search. */
const TYPING_MS = 300;

/** All books, or those that are looked for. What is looked for stands in the address. */
export function LibraryPage({ route }: { readonly route: LibraryRoute }): JSX.Element {
  const id = useId();
  const { title, library, state } = route;
  const change = (to: Partial<LibraryRoute>): void => readdress({ ...route, ...to });
  return (
    <>
      <PageHead title="Library" lead="Every book, its state, and its text as it is searched." />
      <search class="filters">
        <div class="field grow">
          <label for={`${id}-title`}>Title, author or file</label>
          <TitleInput id={`${id}-title`} title={title} onChange={(text) => change({ title: text })} />
        </div>
        <div class="field">
          <label for={`${id}-library`}>Library</label>
          <LibrarySelect
            id={`${id}-library`}
            value={library}
            onChange={(name) => change({ library: name })}
          />
        </div>
        <div class="field">
          <label for={`${id}-state`}>State</label>
          <select
            id={`${id}-state`}
            value={state}
            onChange={(event) => change({ state: event.currentTarget.value })}
          >
            <option value="">Any</option>
            <option value="ingested">ingested</option>
            <option value="failed">failed</option>
            <option value="cancelled">cancelled</option>
          </select>
        </div>
      </search>
      <BookTable
        key={`${title}/${library}/${state}`}
        title={title}
        library={library}
        state={stateOf(state)}
      />
    </>
  );
}

/** What a person may have written into the address by hand is no state. */
function stateOf(text: string): 'ingested' | 'failed' | 'cancelled' | undefined {
  return text === 'ingested' || text === 'failed' || text === 'cancelled' ? text : undefined;
}

interface TitleInputProps {
  readonly id: string;
  readonly title: string;
  readonly onChange: (title: string) => void;
}

function TitleInput({ id, title, onChange }: TitleInputProps): JSX.Element {
  const [text, setText] = useState(title);
  useEffect(() => {
    if (text.trim() === title) return;
    const timer = setTimeout(() => onChange(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <span class="with-icon">
      <Icon name="search" />
      <input
        id={id}
        type="search"
        value={text}
        maxLength={200}
        placeholder="Search the books"
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </span>
  );
}
