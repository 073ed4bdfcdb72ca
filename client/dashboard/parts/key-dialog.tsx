import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { key, keyWanted, setKey } from '../state/key.ts';
import { Dialog } from './dialog.tsx';

const reasons = {
  missing: 'This server is only for those who have a key.',
  refused: 'The server does not know this key. Check that it is whole.',
  changing: 'What you do from now on is done with the key that you give here.',
} as const;

/** Asks for the key of the server, as long as one is wanted. */
export function KeyDialog(): JSX.Element | null {
  const id = useId();
  const why = keyWanted.value;
  if (why === null) return null;
  return (
    <Dialog
      title="Key"
      onClose={() => {
        keyWanted.value = null;
      }}
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          setKey(String(new FormData(event.currentTarget).get('key') ?? '').trim());
        }}
      >
        <p role={why === 'refused' ? 'alert' : undefined}>{reasons[why]}</p>
        <div class="field">
          <label for={id}>API key</label>
          <input
            id={id}
            name="key"
            type="password"
            required
            autocomplete="off"
            spellcheck={false}
            autofocus
          />
          <p class="hint">It is kept until this tab is closed, and sent to this server only.</p>
        </div>
        <div class="dialog-foot">
          {key.value !== '' && (
            <button type="button" class="button quiet" onClick={() => setKey('')}>
              Forget the key
            </button>
          )}
          <button type="submit" class="button primary">
            Use this key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
