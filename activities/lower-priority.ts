/** Processes that give way to others where cores are short. */
import { readFileSync, writeFileSync } from 'node:fs';
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
 * The same for the whole session, where this process leads it: Linux weighs sessions against each other first, so that a
 * niceness counts within one alone (sched(7), autogroup). The session of a terminal is its user's.
 */
export function lowerPriorityOfSession(niceness: number): void {
  lowerPriority(niceness);
  try {
    if (leadsSession()) writeFileSync('/proc/self/autogroup', String(niceness));
  } catch {
    // Another system, or one without autogroups.
  }
}

/** Of the numbers behind the name, which may have any character, the fourth is the session (proc_pid_stat(5)). */
function leadsSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return session === String(process.pid);
}
