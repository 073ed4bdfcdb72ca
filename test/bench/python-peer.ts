/** A Python with the packages of another tool: the one that `SCRIPTORIUM_BENCH_PYTHON` names, or a virtual environment in the cache. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @param packages as pip names them, with their versions. @returns path of the interpreter */
export async function pythonWith(
  packages: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const named = process.env.SCRIPTORIUM_BENCH_PYTHON;
  if (named) return named;
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return python;
  await rm(folder, { recursive: true, force: true });
  process.stderr.write(`installing ${packages.join(', ')} into ${folder}\n`);
  await run('python3', ['-m', 'venv', folder], { signal });
  await run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', ...packages], { signal });
  await writeFile(complete, '');
  return python;
}
