import type { JSX } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { ingest } from '../api/calls.ts';
import { ProblemNotice } from '../parts/notice.tsx';
import { useAction } from '../state/action.ts';
import { announce } from '../state/announce.ts';
import { keepJob } from '../state/kept-jobs.ts';
import { LibraryField } from './library-field.tsx';
import { randomKey } from './random-key.ts';

/** Paths of the machine that the workers run on. */
export function PathForm({ onStarted }: { readonly onStarted: () => void }): JSX.Element {
  const id = useId();
  const action = useAction();
  // The same for every try of the same request: one whose answer was lost is sent again, and done once.
  const sent = useRef({ request: '', key: '' });
  const submit = async (form: FormData): Promise<void> => {
    const text = (name: string): string => String(form.get(name) ?? '').trim();
    const paths = text('paths').split('\n').map(trimmed).filter(Boolean);
    const body = { paths, library: text('library'), parallel: Number(text('parallel')) };
    const request = JSON.stringify(body);
    if (sent.current.request !== request) sent.current = { request, key: randomKey() };
    const begun = await action.start(async () => {
      const { jobId } = await ingest(body, sent.current.key);
      keepJob(jobId);
    });
    if (!begun) return;
    announce('The books were handed in');
    onStarted();
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      <div class="field">
        <label for={`${id}-paths`}>Files and folders</label>
        <textarea
          id={`${id}-paths`}
          name="paths"
          rows={3}
          required
          spellcheck={false}
          placeholder="/srv/books"
          aria-describedby={`${id}-paths-hint`}
        />
        <p class="hint" id={`${id}-paths-hint`}>
          Whole paths on the machine that the workers run on, one a line.
        </p>
      </div>
      <div class="field-row">
        <LibraryField />
        <div class="field">
          <label for={`${id}-parallel`}>Books at once</label>
          <input
            id={`${id}-parallel`}
            name="parallel"
            type="number"
            min={1}
            max={500}
            defaultValue="5"
            required
          />
          <p class="hint">It can be changed while it runs.</p>
        </div>
      </div>
      {action.problem && <ProblemNotice problem={action.problem} />}
      <div class="dialog-foot">
        <button type="submit" class="button primary" disabled={action.busy}>
          {action.busy ? 'Handing in …' : 'Ingest'}
        </button>
      </div>
    </form>
  );
}

const trimmed = (line: string): string => line.trim();
