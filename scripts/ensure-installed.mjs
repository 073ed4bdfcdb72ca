// Installs the dependencies when they are missing or the lock file changed. Plain JavaScript for any Node.js ≥ 20,
// because nothing is installed yet when it runs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'node_modules', '.scriptorium-installed');

/** Path of the Node.js that the project brings along. */
export const node = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);
export { root };

/** ONNX Runtime's own install script fetches CUDA libraries, hundreds of MB, from outside of every registry. */
const noCuda = { ONNXRUNTIME_NODE_INSTALL: 'skip', ONNXRUNTIME_NODE_INSTALL_CUDA: 'skip' };

export function ensureInstalled() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(node)) return;
  process.stderr.write('Installing dependencies …\n');
  // Not `npm ci`: it refuses a lock file in which a registry lacked an optional build for some other platform.
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'], { env: noCuda });
  writeFileSync(stamp, wanted);
}

/** Runs a command in the project's folder with its own Node.js first on PATH; ends the script when it fails. */
export function run(command, args, options = {}) {
  const separator = process.platform === 'win32' ? ';' : ':';
  const PATH = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(separator);
  const shell = process.platform === 'win32';
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell,
    ...options,
    env: { ...process.env, ...options.env, PATH },
  });
  if (status !== 0 && !options.tolerant) process.exit(status ?? 1);
  return status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();
