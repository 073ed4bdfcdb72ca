/** Temporal's priority of a book's tasks, 1 (first) to 5: small and urgent books find a way past giants. */
const MB = 1024 * 1024;
const SMALL_BYTES = 2 * MB;
const GIANT_BYTES = 64 * MB;

export function bookPriority(bytes: number, urgent: boolean): 1 | 2 | 3 | 4 {
  if (urgent) return 1;
  if (bytes <= SMALL_BYTES) return 2;
  return bytes < GIANT_BYTES ? 3 : 4;
}
