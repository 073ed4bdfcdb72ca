/** Parts of a set of hexadecimal ids, so that what does not fit into memory is done part by part. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/** The first 32 bits of a hash or UUID fall evenly; other texts all go to the first part. */
export function isInPart(hexId: string, { index, count }: Part): boolean {
  const head = Number.parseInt(hexId.slice(0, 8), 16);
  return (Number.isNaN(head) ? 0 : head % count) === index;
}

/** As many parts as hold at most `perPart` of `total` things each, on average. */
export function partsOf(total: number, perPart: number): Part[] {
  const count = Math.max(1, Math.ceil(total / perPart));
  return Array.from({ length: count }, (_, index) => ({ index, count }));
}
