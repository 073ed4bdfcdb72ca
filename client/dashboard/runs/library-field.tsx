import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { libraries } from '../api/calls.ts';
import { useLoaded } from '../state/loaded.ts';

/** The library that books go into: one that is there, or a new one. In a form, its name is `library`. */
export function LibraryField(): JSX.Element {
  const id = useId();
  const { data } = useLoaded(libraries, 'libraries');
  return (
    <div class="field">
      <label for={id}>Library</label>
      <input
        id={id}
        name="library"
        list={`${id}-known`}
        defaultValue="default"
        required
        maxLength={64}
        pattern="[\p{L}\p{N}][\p{L}\p{N}._\-]*"
        title="Letters, digits, dots, dashes and underscores; it begins with a letter or digit"
        autocomplete="off"
        spellcheck={false}
      />
      <datalist id={`${id}-known`}>
        {data?.libraries.map(({ library }) => (
          <option key={library} value={library} />
        ))}
      </datalist>
      <p class="hint">A new name makes a new library.</p>
    </div>
  );
}
