import type { JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { LibrarySelect } from '../parts/library-select.tsx';
import { type Filters, filtersOf, formats, numberOf } from './filter-fields.ts';

/** What was filled in. */
export interface Question {
  readonly text: string;
  readonly library?: string;
  readonly filters?: Filters;
  readonly topK?: number;
  readonly perBook?: number;
  /** Quotes, though a model that writes is configured. */
  readonly extractive?: true;
}

interface QuestionFormProps {
  readonly label: string;
  readonly placeholder: string;
  readonly deed: string;
  readonly given: string;
  readonly busy: boolean;
  readonly canQuote: boolean;
  readonly onSubmit: (question: Question) => void;
  readonly onStop: () => void;
}

/** A question or a search, and what it is narrowed to. Enter sends it, Shift and Enter begin a new line. */
export function QuestionForm(props: QuestionFormProps): JSX.Element {
  const { label, placeholder, deed, given, busy, canQuote, onSubmit, onStop } = props;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [library, setLibrary] = useState('');
  const sendOnEnter = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.current?.requestSubmit();
  };
  return (
    <form
      ref={form}
      class="question"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(questionOf(new FormData(event.currentTarget), library));
      }}
    >
      <label for={id} class="unseen">
        {label}
      </label>
      <textarea
        id={id}
        name="text"
        rows={2}
        required
        maxLength={8_000}
        defaultValue={given}
        placeholder={placeholder}
        onKeyDown={sendOnEnter}
      />
      <div class="question-foot">
        <label for={`${id}-library`} class="unseen">
          Library
        </label>
        <LibrarySelect id={`${id}-library`} value={library} onChange={setLibrary} />
        {busy ? (
          <button type="button" class="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" class="button primary">
            {deed}
          </button>
        )}
      </div>
      <Narrowing canQuote={canQuote} />
    </form>
  );
}

function questionOf(form: FormData, library: string): Question {
  const field = (name: string): string => String(form.get(name) ?? '');
  const filters = filtersOf(field);
  const topK = numberOf(field('top-k'));
  const perBook = numberOf(field('per-book'));
  return {
    text: field('text').trim(),
    ...(library !== '' && { library }),
    ...(filters && { filters }),
    ...(topK !== undefined && { topK }),
    ...(perBook !== undefined && { perBook }),
    ...(field('extractive') === 'on' && { extractive: true as const }),
  };
}

function Narrowing({ canQuote }: { readonly canQuote: boolean }): JSX.Element {
  return (
    <details class="narrowing">
      <summary>Narrow it down</summary>
      <div class="narrowing-fields">
        <TextField name="title" label="Title" />
        <TextField name="author" label="Author" />
        <TextField name="section" label="Heading" />
        <TextField name="language" label="Language" placeholder="en" />
        <FormatField />
        <RangeField name="pages" label="Pages" />
        <RangeField name="years" label="Years" />
        <NumberField name="top-k" label="Passages" placeholder="10" max={100} />
        <NumberField name="per-book" label="Of one book" placeholder="any" max={100} />
        {canQuote && (
          <label class="check">
            <input type="checkbox" name="extractive" /> Quotes only
          </label>
        )}
      </div>
      <p class="hint">Title, author, heading and language must be the same, letter by letter.</p>
    </details>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly placeholder?: string;
}

function TextField({ name, label, placeholder }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} name={name} maxLength={1_000} placeholder={placeholder} autocomplete="off" />
    </div>
  );
}

function NumberField({ name, label, placeholder, max }: FieldProps & { readonly max: number }): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        type="number"
        inputMode="numeric"
        min={1}
        max={max}
        placeholder={placeholder}
      />
    </div>
  );
}

function RangeField({ name, label }: FieldProps): JSX.Element {
  return (
    <fieldset class="field range">
      <legend>{label}</legend>
      <input
        name={`${name}-from`}
        type="number"
        inputMode="numeric"
        placeholder="from"
        aria-label={`${label} from`}
      />
      <input
        name={`${name}-to`}
        type="number"
        inputMode="numeric"
        placeholder="to"
        aria-label={`${label} to`}
      />
    </fieldset>
  );
}

function FormatField(): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>Format</label>
      <select id={id} name="format">
        <option value="">Any</option>
        {formats.map((format) => (
          <option key={format} value={format}>
            {format}
          </option>
        ))}
      </select>
    </div>
  );
}
