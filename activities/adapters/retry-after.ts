/** An hour: what asks for more is wrong about its clock, or must be looked at by a person anyway. */
const LONGEST_MS = 3_600_000;

/**
 * The wait that a header `Retry-After` asks for, in milliseconds: whole seconds, or a date of HTTP (RFC 9110, 10.2.3).
 * Undefined for anything else, and for a time that is over; an hour at most.
 */
export function retryAfterMs(header: string | null | undefined, nowMs = Date.now()): number | undefined {
  const value = header?.trim() ?? '';
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(dateIn(value)) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, LONGEST_MS) : undefined;
}

/** Only what looks like a date of HTTP: `Date.parse` would take `-5` or `next 3` for one as well. */
function dateIn(value: string): string {
  return /^[A-Z][a-z]+, ?\d{1,2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/.test(value) ? value : '';
}
