/** The jobs that were handed in from this browser, the latest first. */
import { signal } from '@preact/signals';

const STORED_AS = 'scriptorium.jobs';
const MAX_KEPT = 20;

export const keptJobs = signal<readonly string[]>(stored());

export function keepJob(jobId: string): void {
  set([jobId, ...keptJobs.value.filter((each) => each !== jobId)].slice(0, MAX_KEPT));
}

/** Only this page forgets it. */
export function forgetJob(jobId: string): void {
  set(keptJobs.value.filter((each) => each !== jobId));
}

function set(jobIds: readonly string[]): void {
  keptJobs.value = jobIds;
  localStorage.setItem(STORED_AS, jobIds.join('\n'));
}

function stored(): readonly string[] {
  return (localStorage.getItem(STORED_AS) ?? '').split('\n').filter((jobId) => jobId !== '');
}
