/** What a part of the page shows, loaded from the server. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { isGivenUp, problemFrom } from '../api/problems.ts';
import type { Problem } from '../api/types.ts';
import { key } from './key.ts';
import { poll } from './poll.ts';

export interface Loaded<T> {
  /** What was loaded last; it stays while it is loaded again, and when that fails. */
  readonly data: T | null;
  readonly problem: Problem | null;
  /** True until the first answer, be it an error. */
  readonly loading: boolean;
  readonly reload: () => void;
}

type State<T> = Omit<Loaded<T>, 'reload'>;
const nothing = { data: null, problem: null, loading: true };

/** After an error it is tried again this much later. */
const RETRY_MS = 3_000;

/**
 * @param of what it is loaded of: when it changes, what is shown is dropped and loaded anew
 * @param every milliseconds until it is loaded again; null for never
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  of: string,
  every: (data: T) => number | null = () => null,
): Loaded<T> {
  const [state, setState] = useState<State<T>>(nothing);
  const [asked, setAsked] = useState(0);
  const latest = useRef({ load, every });
  latest.current = { load, every };
  const sentKey = key.value;
  const shownOf = useRef<string | null>(null);

  useEffect(() => {
    if (shownOf.current !== `${of} ${sentKey}`) setState(nothing);
    shownOf.current = `${of} ${sentKey}`;
    const giveUp = new AbortController();
    const end = poll(() => look(latest.current, giveUp.signal, setState), document);
    return () => {
      giveUp.abort();
      end();
    };
  }, [of, sentKey, asked]);

  return { ...state, reload: useCallback(() => setAsked((times) => times + 1), []) };
}

async function look<T>(
  { load, every }: { load: (signal: AbortSignal) => Promise<T>; every: (data: T) => number | null },
  signal: AbortSignal,
  show: (next: State<T> | ((before: State<T>) => State<T>)) => void,
): Promise<number | null> {
  try {
    const data = await load(signal);
    if (signal.aborted) return null;
    show({ data, problem: null, loading: false });
    return every(data);
  } catch (error) {
    if (signal.aborted || isGivenUp(error)) return null;
    const problem = problemFrom(error);
    show(({ data }) => ({ data, problem, loading: false }));
    return mayPass(problem) ? RETRY_MS : null;
  }
}

/** What a person must change first is not asked for again. */
function mayPass({ status }: Problem): boolean {
  return status >= 500 || status === 429;
}
