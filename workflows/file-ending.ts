/** `.pdf` of `/books/Atlas.PDF`; empty when there is none. */
export function endingOf(path: string): string {
  return (/\.[^./\\]{1,12}$/.exec(path)?.[0] ?? '').toLowerCase();
}
