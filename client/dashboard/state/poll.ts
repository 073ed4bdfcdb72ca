/** Looking again and again, as long as somebody can see it. */

/** The part of `document` that it needs. */
export interface Visibility {
  readonly hidden: boolean;
  addEventListener(type: 'visibilitychange', listener: () => void): void;
  removeEventListener(type: 'visibilitychange', listener: () => void): void;
}

/**
 * Looks at once, and again each time the milliseconds have passed that the last look gave; null ends it. Nothing is looked
 * at while the tab is hidden; when it is shown again, at once. A look never begins before the last one is over.
 * @returns ends it
 */
export function poll(look: () => Promise<number | null>, tab: Visibility): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let state: 'idle' | 'looking' | 'over' = 'idle';

  async function turn(): Promise<void> {
    if (state !== 'idle' || tab.hidden) return;
    clearTimeout(timer);
    state = 'looking';
    const wait = await look();
    if (isOver()) return;
    state = wait === null ? 'over' : 'idle';
    if (wait !== null && !tab.hidden) timer = setTimeout(turn, wait);
  }

  const isOver = (): boolean => state === 'over';
  const onChange = (): void => {
    clearTimeout(timer);
    void turn();
  };
  tab.addEventListener('visibilitychange', onChange);
  void turn();
  return () => {
    state = 'over';
    clearTimeout(timer);
    tab.removeEventListener('visibilitychange', onChange);
  };
}
