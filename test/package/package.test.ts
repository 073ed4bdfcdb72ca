/** The package as its users get it: packed, installed in an empty folder, and run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { homeOf } from '../../client/home.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let env: NodeJS.ProcessEnv;

function run(command: string, args: readonly string[], cwd = folder) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scriptorium-package-'));
  // As a user's shell would have it: nothing of this checkout on PATH, and no npm settings of the test's own run.
  const PATH = (process.env.PATH ?? '')
    .split(':')
    .filter((entry) => !entry.startsWith(root))
    .join(':');
  const settings = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('npm_') && name !== 'NODE_OPTIONS',
  );
  env = {
    ...Object.fromEntries(settings),
    PATH,
    SCRIPTORIUM_HOME: join(folder, 'home'),
    SCRIPTORIUM_CACHE: homeOf().cache,
  };
  const packed = run('npm', ['pack', '--silent', '--pack-destination', folder], root);
  writeFileSync(join(folder, 'package.json'), '{"name":"user","private":true,"type":"module"}');
  const installed = run('npm', ['install', '--no-fund', '--no-audit', `./${packed.stdout.trim()}`]);
  expect(installed).toMatchObject({ status: 0 });
}, 600_000);
afterAll(async () => {
  run('npx', ['scriptorium', 'down']);
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test('the command shows its help with examples', () => {
  const { status, stdout } = run('npx', ['scriptorium', '--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('Examples:');
  expect(run('npx', ['scriptorium', '--version']).stdout.trim()).toBe(
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
  );
}, 60_000);

test('holds what users need and nothing of the workshop', () => {
  const { stdout } = run('npm', ['pack', '--dry-run', '--json'], root);
  const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(stdout);
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'README.md',
      'LICENSE',
      'bin/scriptorium.js',
      'dist/client/index.d.ts',
      'dist/client/http/client.js',
      'dist/client/dashboard/index.html',
      'dist/workflow-bundle.js',
      'dist/workflow-bundle-book.js',
    ]),
  );
  expect(paths.filter((path) => /^(test|samples|scripts)\//.test(path))).toEqual([]);
}, 60_000);

test('both clients can be imported from JavaScript, and their types from TypeScript', () => {
  const used = [
    "import { ScriptoriumClient, errorRegistry } from 'scriptorium';",
    "import { ScriptoriumHttpClient } from 'scriptorium/http';",
    "const http = new ScriptoriumHttpClient({ url: 'http://127.0.0.1:9' });",
    "const refused = await http.search({ query: 'a' }).catch(({ name }) => name);",
    'console.log(typeof ScriptoriumClient.connect, errorRegistry.NO_TEXT.retryable, refused);',
  ];
  writeFileSync(join(folder, 'use.mjs'), used.join('\n'));
  expect(run('node', ['use.mjs'])).toMatchObject({ status: 0, stdout: 'function false TypeError\n' });
  const typed = [
    "import { ScriptoriumClient } from 'scriptorium';",
    "import { ScriptoriumHttpClient } from 'scriptorium/http';",
    "export const ask = async (): Promise<string> => (await (await ScriptoriumClient.connect()).ask('?')).answer;",
    "const http = new ScriptoriumHttpClient({ url: 'http://127.0.0.1:8720', apiKey: 'k' });",
    'export const page = async (): Promise<number | undefined> =>',
    "  (await http.ask({ question: '?' })).citations[0]?.page?.start;",
  ];
  writeFileSync(join(folder, 'use.ts'), typed.join('\n'));
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--skipLibCheck',
    ...['--types', '', '--lib', 'es2023,dom,dom.asynciterable'],
    'use.ts',
  ];
  expect(run(join(root, 'node_modules', '.bin', 'tsc'), options)).toMatchObject({ status: 0 });
}, 60_000);

test('ingests and answers', () => {
  mkdirSync(join(folder, 'books'));
  writeFileSync(
    join(folder, 'books', 'weir.txt'),
    'The heron Ottilie stood on the weir for the whole of Tuesday, waiting for an eel.',
  );
  expect(run('npx', ['scriptorium', 'ingest', 'books'])).toMatchObject({ status: 0 });
  const { status, stdout } = run('npx', ['scriptorium', 'ask', 'What did the heron wait for?']);
  expect(status).toBe(0);
  expect(stdout).toContain('Ottilie');
}, 300_000);
