/** Something that a reader asks the server to do. */
import { useState } from 'preact/hooks';
import { problemFrom } from '../api/problems.ts';
import type { Problem } from '../api/types.ts';

export interface Action {
  readonly busy: boolean;
  readonly problem: Problem | null;
  /** Does it, unless it is being done; resolves to whether it went well. */
  readonly start: (deed: () => Promise<unknown>) => Promise<boolean>;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const start = async (deed: () => Promise<unknown>): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    setProblem(null);
    try {
      await deed();
      return true;
    } catch (error) {
      setProblem(problemFrom(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, start };
}
