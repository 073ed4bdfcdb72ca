/** Times as people say them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The units of a duration, the largest first, each with its length in seconds. */
const units = [
  ['day', DAY],
  ['h', HOUR],
  ['min', MINUTE],
  ['s', 1],
] as const;

/** The two largest units: `42 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = units.findIndex(([, length]) => whole >= length);
  if (first === -1) return '0 s';
  return parts(whole, units.slice(first, first + 2)).join(' ');
}

function parts(seconds: number, wanted: readonly (typeof units)[number][]): string[] {
  let left = seconds;
  return wanted.flatMap(([name, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count === 0) return [];
    return [`${count} ${name === 'day' && count > 1 ? 'days' : name}`];
  });
}

/** `8 ms`, `840 ms`, `1.2 s`, `1 min 5 s`. */
export function milliseconds(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  return duration(ms / 1_000);
}

/** `just now`, `3 min ago`, `2 h ago`, `4 days ago`: one unit only, so that it does not flicker. */
export function ago(atMs: number, nowMs: number): string {
  const seconds = (nowMs - atMs) / 1_000;
  if (seconds < 10) return 'just now';
  const [name, length] = units.find(([, each]) => seconds >= each) ?? ['s', 1];
  const count = Math.floor(seconds / length);
  return `${count} ${name === 'day' && count > 1 ? 'days' : name} ago`;
}
