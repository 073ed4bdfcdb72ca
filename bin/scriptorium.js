#!/usr/bin/env node
// Runs the command line under the Node.js that the package brings along when the machine's own is too old.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import envPaths from 'env-paths';

const main = fileURLToPath(new URL('../dist/programs/client-cli-main.js', import.meta.url));
const OLDEST = 24;

// What V8 has compiled is kept for the next start, of this process and of those that it starts.
const cache = resolve(process.env.SCRIPTORIUM_CACHE || envPaths('scriptorium', { suffix: '' }).cache);
const compiled = join(cache, 'compiled');
if (!process.env.NODE_COMPILE_CACHE && isOurs(compiled)) {
  process.env.NODE_COMPILE_CACHE = compiled;
  module.enableCompileCache?.(compiled);
}

if (!existsSync(main)) {
  process.stderr.write('scriptorium: the package is not built yet. Run `npm run build` first.\n');
  process.exitCode = 1;
} else if (Number(process.versions.node.split('.')[0]) >= OLDEST) {
  await import(main);
} else {
  const folder = dirname(module.createRequire(import.meta.url).resolve('node/package.json'));
  const node = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends its signals to both, and `kill` to us alone; the one that does the work decides when to end.
  const forward = (signal) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  child.on('error', ({ message }) => {
    process.stderr.write(
      `scriptorium: Node.js ${OLDEST} is needed, and the one that npm's package \`node\` brings is not there (${message}). ` +
        `Install Node.js ${OLDEST}, or install this package with its dependencies' install scripts allowed.\n`,
    );
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    // With a handler of our own we would outlive it, and end with 0.
    for (const own of signals) process.off(own, forward);
    process.kill(process.pid, signal);
  });
}

/** What lies there is run unseen, so nobody else may write it. Others may share the folder that it is in. */
function isOurs(folder) {
  try {
    // One after the other: making all at once never ends where the system has no such folder and makes none (`/proc`).
    if (!existsSync(dirname(folder))) mkdirSync(dirname(folder));
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    const { uid, mode } = statSync(folder);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
  } catch {
    return false;
  }
}
