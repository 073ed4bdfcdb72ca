import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { isGivenUp } from '../api/problems.ts';
import { type Upload, upload } from '../api/upload.ts';
import { Bar } from '../parts/bar.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { useAction } from '../state/action.ts';
import { announce } from '../state/announce.ts';
import { keepJob } from '../state/kept-jobs.ts';
import { bytes, counted, percent } from '../text/amounts.ts';
import { LibraryField } from './library-field.tsx';

const formats = '.pdf,.epub,.docx,.html,.htm,.xhtml,.md,.markdown,.txt';

/** Files of the reader's own machine, sent with progress. */
export function UploadForm({ onStarted }: { readonly onStarted: () => void }): JSX.Element {
  const id = useId();
  const action = useAction();
  const [files, setFiles] = useState<readonly File[]>([]);
  const [sent, setSent] = useState(0);
  const going = useRef<Upload | null>(null);
  useEffect(() => () => going.current?.cancel(), []);

  const submit = async (library: string): Promise<void> => {
    setSent(0);
    const done = await action.start(() => sendFiles(library));
    if (done && going.current) onStarted();
  };
  const sendFiles = async (library: string): Promise<void> => {
    going.current = upload(files, library, setSent);
    try {
      keepJob((await going.current.job).jobId);
      announce('The books were handed in');
    } catch (error) {
      going.current = null;
      if (!isGivenUp(error)) throw error;
    }
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(String(new FormData(event.currentTarget).get('library')));
      }}
    >
      <div class="field">
        <label for={id}>Files</label>
        <input
          id={id}
          type="file"
          multiple
          required
          accept={formats}
          disabled={action.busy}
          onChange={(event) => setFiles([...(event.currentTarget.files ?? [])])}
        />
        <p class="hint">{files.length === 0 ? 'PDF, EPUB, DOCX, HTML, Markdown or text.' : chosen(files)}</p>
      </div>
      <LibraryField />
      {action.busy && (
        <div class="overall">
          <Bar label="Upload" share={sent} look="large" />
          <strong class="percent">{sent < 1 ? percent(sent) : 'being checked'}</strong>
        </div>
      )}
      {action.problem && <ProblemNotice problem={action.problem} />}
      <div class="dialog-foot">
        {action.busy && (
          <button type="button" class="button" onClick={() => going.current?.cancel()}>
            Stop the upload
          </button>
        )}
        <button type="submit" class="button primary" disabled={action.busy}>
          {action.busy ? 'Uploading …' : 'Upload and ingest'}
        </button>
      </div>
    </form>
  );
}

function chosen(files: readonly File[]): string {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return `${counted(files.length, 'file')}, ${bytes(size)}`;
}
