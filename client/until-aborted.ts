/** What is worked on, or the reason of the signal, whichever comes first. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  using over = new DisposableStack();
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    over.defer(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
  return await Promise.race([work, aborted]);
}
