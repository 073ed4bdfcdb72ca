/** Year of a date such as `D:20230120…`, `2023-01-20` or `20 January 2023`; null when there is none. */
export function yearOf(date: string): number | null {
  const year = /(?:^|\D)(1[4-9]\d\d|20\d\d)/.exec(date)?.[1];
  return year === undefined ? null : Number(year);
}
