/** `doctor`: every part looked at, and what to do for each that is wrong. */
import type { Command } from 'commander';
import { homeOf } from '../../home.ts';
import type { Check } from '../doctor/check.ts';
import { homeCheck, nodeCheck } from '../doctor/machine.ts';
import { stackChecks } from '../doctor/stack.ts';
import { workerSideChecks } from '../doctor/worker-side.ts';
import { exitCodes, plural, printable, printResult } from '../output.ts';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Look at every part, and say what to do for each that is wrong')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium doctor\n  scriptorium doctor --json | jq .checks' +
        '\n\nIt starts nothing and fetches nothing. Exit codes: 0 nothing is wrong, 1 something is.',
    )
    .action(doctor);
}

async function doctor(_flags: object, command: Command): Promise<void> {
  const [home, workerSide, stack] = await Promise.all([
    homeCheck(homeOf().folder),
    workerSideChecks(),
    stackChecks(),
  ]);
  const checks = [nodeCheck(process.versions.node), home, ...workerSide, ...stack];
  const healthy = checks.every(({ state }) => state !== 'wrong');
  printResult(command, { healthy, checks }, () => doctorLines(checks));
  if (!healthy) process.exitCode = exitCodes.failed;
}

const marks = { ok: '✓', wrong: '✗', skipped: '–' } as const;

export function doctorLines(checks: readonly Check[]): string[] {
  const count = checks.filter(({ state }) => state === 'wrong').length;
  return [
    ...checks.flatMap(({ name, state, detail, remedy }) => [
      `${marks[state]} ${name.padEnd(12)} ${printable(detail)}`,
      ...(remedy ? [`  ${' '.repeat(12)} → ${printable(remedy)}`] : []),
    ]),
    count === 0 ? 'Nothing is wrong.' : `${plural(count, 'part')} wrong.`,
  ];
}
