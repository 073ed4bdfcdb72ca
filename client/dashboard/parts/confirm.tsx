import type { ComponentChildren, JSX } from 'preact';
import { useAction } from '../state/action.ts';
import { Dialog } from './dialog.tsx';
import { ProblemNotice } from './notice.tsx';

interface ConfirmProps {
  readonly title: string;
  /** What the button says that does it. */
  readonly deed: string;
  /** What the button says that does not. */
  readonly instead: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Asks before something that can't be taken back. The focus is on the way out. */
export function Confirm({ title, deed, instead, onConfirm, onClose, children }: ConfirmProps): JSX.Element {
  const action = useAction();
  const confirm = async (): Promise<void> => {
    if (await action.start(onConfirm)) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="dialog-text">{children}</div>
      {action.problem && <ProblemNotice problem={action.problem} />}
      <div class="dialog-foot">
        <button type="button" class="button" onClick={onClose} autofocus>
          {instead}
        </button>
        <button type="button" class="button danger" onClick={confirm} disabled={action.busy}>
          {deed}
        </button>
      </div>
    </Dialog>
  );
}
