/** Those who wait for an endpoint, and want to hear that it answers: what is asked for takes its turn behind what others ask for. */
export class SomeDone {
  readonly #waiting = new Set<() => void>();

  /** Tells `onSome` of all that `done` is called for, until `work` is over. */
  async during<T>(onSome: (() => void) | undefined, work: () => Promise<T>): Promise<T> {
    if (!onSome) return await work();
    // One function may wait for several calls.
    const told = (): void => onSome();
    this.#waiting.add(told);
    try {
      return await work();
    } finally {
      this.#waiting.delete(told);
    }
  }

  done(): void {
    for (const told of this.#waiting) told();
  }
}
