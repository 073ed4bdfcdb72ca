/** Failures as the page shows them. */

/** A message without the remedy that it ends in, where the remedy is shown by itself. */
export function withoutRemedy(message: string, remedy: string): string {
  const at = remedy === '' ? -1 : message.lastIndexOf(remedy);
  const rest = at <= 0 ? message : `${message.slice(0, at)}${message.slice(at + remedy.length)}`;
  return rest.trim() || message;
}

export interface CodeGroup<T> {
  readonly code: string;
  readonly remedy: string;
  readonly books: readonly T[];
}

/** One group a code, the largest first. */
export function byCode<
  T extends { readonly failure: { readonly code: string } | null; readonly remedy: string },
>(failed: readonly T[]): CodeGroup<T>[] {
  const groups = Map.groupBy(failed, ({ failure }) => failure?.code ?? 'UNKNOWN');
  return [...groups]
    .map(([code, books]) => ({ code, books, remedy: books[0]?.remedy ?? '' }))
    .sort((one, other) => other.books.length - one.books.length || one.code.localeCompare(other.code));
}
