import type { JSX } from 'preact';
import { libraries } from '../api/calls.ts';
import { useLoaded } from '../state/loaded.ts';

interface LibrarySelectProps {
  readonly id: string;
  readonly value: string;
  readonly onChange: (library: string) => void;
}

/** All libraries, or one. */
export function LibrarySelect({ id, value, onChange }: LibrarySelectProps): JSX.Element {
  const { data } = useLoaded(libraries, 'libraries');
  const known = data?.libraries.map(({ library }) => library) ?? [];
  const names = value === '' || known.includes(value) ? known : [value, ...known];
  return (
    <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">All libraries</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
