/** Processes that give way to others where cores are short. */
import { writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

const MOST_NICENESS = 19;

/**
 * Gives this process a niceness of at least `niceness`: one that was started with more keeps it, as no ordinary user may take
 * less. Where the system will have none of it, all stays as it is.
 */
export function lowerPriority(niceness: number): void {
  try {
    setPriority(Math.min(MOST_NICENESS, Math.max(getPriority(), niceness)));
  } catch {
    // An order of precedence is no reason not to work.
  }
}

/**
 * The same for the whole session that this process leads: Linux weighs sessions against each other first, so that a niceness
 * counts within one alone (sched(7), autogroup).
 */
export function lowerPriorityOfSession(niceness: number): void {
  lowerPriority(niceness);
  try {
    writeFileSync('/proc/self/autogroup', String(niceness));
  } catch {
    // Another system, or one without autogroups.
  }
}
