import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { PathForm } from './path-form.tsx';
import { UploadForm } from './upload-form.tsx';

interface AddBooksProps {
  readonly onStarted: () => void;
  readonly onClose: () => void;
}

const ways = [
  { way: 'path', label: 'From the server' },
  { way: 'upload', label: 'From this computer' },
] as const;

/** Hands books in: by a path that the workers can read, or by an upload. */
export function AddBooks({ onStarted, onClose }: AddBooksProps): JSX.Element {
  const [way, setWay] = useState<(typeof ways)[number]['way']>('path');
  const started = (): void => {
    onStarted();
    onClose();
  };
  return (
    <Dialog title="Add books" onClose={onClose}>
      <fieldset class="segments">
        <legend class="unseen">Where the books are</legend>
        {ways.map((each) => (
          <label key={each.way}>
            <input type="radio" name="way" checked={way === each.way} onChange={() => setWay(each.way)} />
            <span>{each.label}</span>
          </label>
        ))}
      </fieldset>
      {way === 'path' ? <PathForm onStarted={started} /> : <UploadForm onStarted={started} />}
    </Dialog>
  );
}
