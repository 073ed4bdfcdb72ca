// `npm start [-- <paths>]`: installs and builds what is missing, starts the stack, ingests, asks, and shows the answer.
// At a terminal the stack then stays up until Ctrl-C; otherwise it stops and the exit code says how it went.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, node, root, run } from './ensure-installed.mjs';

const command = join(root, 'bin', 'scriptorium.js');

ensureInstalled();
// A stack that is up runs from there: it is left alone where nothing has changed.
if (!isBuilt()) run('node', ['scripts/build.mjs']);
const given = process.argv.slice(2);
if (given.length === 0) run('node', ['samples/build.ts']);
const paths = given.length > 0 ? given : [join(root, 'samples', 'books')];

// A stack that was up is left up, healthy or not: it may be ingesting.
const wasUp = started();
process.on('SIGTERM', stop);
const ingested = scriptorium(['ingest', ...paths], 'inherit');
const question = firstQuestion();
process.stdout.write(`\nQuestion: ${question}\n\n`);
const asked = ingested === 1 ? 1 : scriptorium(['ask', question], 'inherit');
process.stdout.write('\n');
scriptorium(['status'], 'inherit');
process.exitCode = ingested || asked;

if (process.stdin.isTTY && process.stdout.isTTY) {
  const end = wasUp ? 'leaves the stack up, as it was' : 'stops the stack';
  process.stdout.write(`\nAsk on: npx scriptorium ask "…"   Ctrl-C ${end}.\n`);
  process.on('SIGINT', stop);
  setInterval(() => {}, 60_000);
} else if (!wasUp) {
  scriptorium(['down'], 'inherit');
}

function started() {
  const up = spawnSync(node, [command, 'up', '--detach', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (up.status !== 0) process.exit(up.status ?? 1);
  const { temporalAddress, uiUrl, httpUrl, wasUp } = JSON.parse(up.stdout);
  process.stdout.write(`The stack is up: Temporal at ${temporalAddress}, web UI at ${uiUrl}\n`);
  if (httpUrl) process.stdout.write(`The dashboard and the API are at ${httpUrl}\n`);
  return wasUp;
}

function isBuilt() {
  // The last file of a build.
  const page = statSync(join(root, 'dist/client/dashboard/index.html'), { throwIfNoEntry: false });
  const sources = ['activities', 'client', 'workers', 'workflows', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)),
  );
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) =>
    join(root, name),
  );
  return (
    page !== undefined && [...sources, ...settings].every((path) => statSync(path).mtimeMs < page.mtimeMs)
  );
}

function firstQuestion() {
  const file = join(root, 'samples', 'questions.json');
  if (given.length > 0 || !existsSync(file)) return 'What is this book about?';
  return JSON.parse(readFileSync(file, 'utf8')).questions[0].question;
}

function scriptorium(args, stdout) {
  return spawnSync(node, [command, ...args], { stdio: ['ignore', stdout, 'inherit'] }).status ?? 1;
}

function stop() {
  if (!wasUp) scriptorium(['down'], 'inherit');
  process.exit();
}
