/** Amounts as people read them; English, as all of the page. */

const grouped = new Intl.NumberFormat('en');

/** `9,000`. */
export function amount(value: number): string {
  return grouped.format(value);
}

/** `1 book`, `9,000 books`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${amount(value)} ${value === 1 ? one : many}`;
}

/** Rounded down, so that 100 % means done. */
export function percent(share: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`;
}

/** `20.4 chunks/s`; above 100 without a fraction. */
export function chunkRate(perSecond: number): string {
  const digits = perSecond < 100 ? 1 : 0;
  return `${amount(Number(perSecond.toFixed(digits)))} chunks/s`;
}

const sizes = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** Decimal, as disks are sold: `512 B`, `1.5 MB`. */
export function bytes(value: number): string {
  const power = value < 1_000 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1_000 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : Number(scaled.toFixed(1))} ${sizes[power]}`;
}
