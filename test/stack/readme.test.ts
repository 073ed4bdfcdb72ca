/** The README, run as it stands: its commands, its program, and the run that Temporal's own tool starts. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import { ScriptoriumClient } from '../../client/index.ts';
import { readStackState } from '../../client/stack-state.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { eventually } from '../helpers/eventually.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { type Outcome, TestHome } from '../helpers/scriptorium.ts';
import { temporalBinary } from '../helpers/temporal.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');

/** What stands between the fences of a language, one text a block. */
function blocksIn(language: string): string[] {
  return [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  );
}

/** Lines of the shell, those that a backslash goes on with put together. */
const shellLines = blocksIn('sh')
  .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
  .filter((line) => line.trim() !== '');

const commandOf = (line: string): string | undefined => /^npx scriptorium (\S+)/.exec(line)?.[1];

/** What each command must say; `up` comes first and `down` last, in the README in the order of use. */
const sayings: Readonly<Record<string, readonly RegExp[]>> = {
  up: [/The stack is up: Temporal at 127\.0\.0\.1:\d+/],
  ingest: [/Library default: 2 books: .*\b2 (ingested|unchanged)\b/],
  ask: [/\[\d+\] .*Vellmar.*pages? \d+/, /file:\/\/.*#page=\d+/],
  search: [/^1\. .*Bees/, /^3\. /m],
  status: [/✓ temporal /, /✓ temporal-ui +http:/, /✓ workers /, /✓ store /],
  books: [/ingested .*Vellmar/, /\n2 books$/],
  failures: [/^0 books$/],
  explain: [/Book .* ingested/, /embedBook +completed, 1 attempt/],
  verify: [/2 books, .*: nothing is wrong/],
  doctor: [/✓ temporal /, /✓ model /, /✓ store /, /Nothing is wrong/],
  completion: [],
  cache: [/ kept$/m, /hits \d/],
  gc: [/needed: 6 files/],
  schedule: [/Library default.*(every day at 03:30|no schedule any more)/],
  pause: [/ingest\/default: paused/],
  parallel: [/parallel 20/],
  front: [/1 book moved to the front/],
  resume: [/ingest\/default: ingesting/],
  cancel: [/1 book cancelled/],
  // The run may be over by then: its last book was cancelled.
  retry: [/\b0 books\b/],
  keys: [/^scr_[a-z0-9]{8}_\S{43}$/],
  remove: [/Removed .*Vellmar.* \d+ passages/],
  down: [/The stack is stopped/],
};

const scriptoriumLines = Object.keys(sayings).flatMap((command) =>
  shellLines.filter((line) => commandOf(line) === command),
);
/** What is there after these is not what the tests before them need. */
const atTheEnd = ['keys', 'remove', 'down'];
const isAtTheEnd = (line: string): boolean => atTheEnd.includes(commandOf(line) ?? '');
/** These change a run that goes on, in the order of the README. */
const steering = ['pause', 'parallel', 'front', 'resume', 'cancel', 'retry'];
const isSteering = (line: string): boolean => steering.includes(commandOf(line) ?? '');
const isEndless = (line: string): boolean => line.includes('--watch');
const isOrdinary = (line: string): boolean => !isAtTheEnd(line) && !isSteering(line) && !isEndless(line);
const [temporalLine = '', ...otherTemporalLines] = shellLines.filter((line) => line.startsWith('temporal '));

/**
 * These install, build and test, and so run what runs this test; or they need Docker (see compose.test.ts), or fetch 90 MB
 * (see test/long/model-variants).
 */
const runElsewhere =
  /^(npm (start|test|run bench)|export|docker compose|claude mcp add|npx scriptorium model make)\b/;
/** These are for clusters, and in docs/operations.md and docs/http.md; assistants start `mcp`; commander adds `help`. */
const notInReadme = ['worker', 'serve', 'mcp', 'help'];
/** Over HTTP, in the order of the README, and what each must say. */
const httpLines = shellLines.filter((line) => line.startsWith('curl '));
const httpSayings = [
  /"citations":\[\{"n":1,"title":"[^"]*Saint Orrin/,
  /^event: answer$/m,
  /"jobId":"default~/,
];

let home: TestHome;
let program: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  await buildSamples();
  home = await TestHome.create();
  program = await mkdtemp(join(await folder(root, '.cache'), 'readme-'));
  for (const book of ['vellmar-tower-clock.pdf', 'bees-of-the-high-terraces.md'])
    await copyFile(join(booksFolder, book), join(await folder(home.folder, 'Books'), book));
  // `~` is a folder with these books, and `npx` finds the command of this checkout.
  const shims = await folder(home.folder, 'shims');
  const npx = `#!/bin/sh\n[ "$1" = scriptorium ] && shift && exec "${process.execPath}" "${root}/bin/scriptorium.js" "$@"\n`;
  await writeFile(join(shims, 'npx'), npx, { mode: 0o755 });
  env = { ...home.env, HOME: home.folder, PATH: `${shims}${delimiter}${process.env.PATH}` };
}, 60_000);

afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await rm(program, { recursive: true, force: true });
}, 60_000);

async function folder(...path: readonly string[]): Promise<string> {
  await mkdir(join(...path), { recursive: true });
  return join(...path);
}

function run(command: string, args: readonly string[], variables: NodeJS.ProcessEnv = env): Promise<Outcome> {
  const child = spawn(command, args, { cwd: root, env: variables, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function runLine(line: string, variables: NodeJS.ProcessEnv = env): Promise<void> {
  const { code, stdout, stderr } = await run('sh', ['-c', line], variables);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  for (const saying of sayings[commandOf(line) ?? ''] ?? []) expect(stdout.trimEnd()).toMatch(saying);
}

/** A line of Temporal's own tool, against the stack of this test. */
async function runTemporal(line: string): Promise<Outcome> {
  const state = await readStackState(home.paths.stackFile);
  const PATH = `${dirname(await temporalBinary())}${delimiter}${env.PATH}`;
  return await run('sh', ['-c', line], { ...env, PATH, TEMPORAL_ADDRESS: state?.temporalAddress ?? '' });
}

/** Commands as `--help` lists them. */
async function listedCommands(): Promise<string[]> {
  const { stdout } = await home.run('--help');
  const [, list = ''] = /^Commands:\n([\s\S]*?)\n\n/m.exec(stdout) ?? [];
  return [...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name);
}

describe('the README', () => {
  test('has every command that the help lists', async () => {
    const listed = await listedCommands();
    expect(listed).toEqual(expect.arrayContaining(notInReadme));
    expect(listed.filter((name) => !notInReadme.includes(name)).sort()).toEqual(
      [...new Set(shellLines.flatMap((line) => commandOf(line) ?? []))].sort(),
    );
  });

  test('and the pages beside it name no command that there is not', async () => {
    const listed = await listedCommands();
    const pages = [
      'README.md',
      'docs/operations.md',
      'docs/architecture.md',
      'docs/errors.md',
      'docs/http.md',
    ];
    const texts = await Promise.all(pages.map((page) => readFile(join(root, page), 'utf8')));
    const named = [...texts.join('\n').matchAll(/(?:^|`|npx |workers )scriptorium ([a-z]+)/gm)].map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !listed.includes(name))).toEqual([]);
  });

  test('has no line for the shell that this test does not know', () => {
    const known = [...scriptoriumLines, ...httpLines, temporalLine, ...otherTemporalLines];
    expect(shellLines.filter((line) => !known.includes(line) && !runElsewhere.test(line))).toEqual([]);
  });

  test('has two programs', () => expect(blocksIn('ts')).toHaveLength(2));

  test.each(scriptoriumLines.filter(isOrdinary))('%s', (line) => runLine(line), 300_000);
});

/** Where the stack of this test serves HTTP. */
async function httpAddress(): Promise<string> {
  return (await readStackState(home.paths.stackFile))?.httpUrl ?? '';
}

const README_ADDRESS = 'http://127.0.0.1:8720';
const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe('the programs of the README', () => {
  beforeAll(async () => {
    const [text = '', overHttp = ''] = blocksIn('ts');
    await writeFile(join(program, 'example.ts'), text);
    await writeFile(join(program, 'http.ts'), overHttp.replace(README_ADDRESS, await httpAddress()));
    await symlink(root, join(await folder(program, 'node_modules'), 'scriptorium'), 'dir');
  });

  test('has no error of types', async () => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2024',
      types: ['node'],
    };
    const config = { compilerOptions, files: ['example.ts', 'http.ts'] };
    await writeFile(join(program, 'tsconfig.json'), JSON.stringify(config));
    expect(await run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', program])).toMatchObject({
      code: 0,
      stdout: '',
    });
  }, 60_000);

  test('ingests the samples, and gets an answer with title and page', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [join(program, 'example.ts')]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('8 books are searchable, 0 failed');
    expect(stdout).toMatch(/\[1\][\s\S]*Saint Orrin.*\{ start: \d+, end: \d+ \}/);
  }, 300_000);

  test('asks and searches over HTTP', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [join(program, 'http.ts')]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/\[1\][\s\S]*Saint Orrin.*\{ start: \d+, end: \d+ \}/);
    expect(stdout).toMatch(/[1-3] passages; the best is of .*Bees/);
  }, 60_000);

  (hasCurl ? test : test.skip).each(httpLines.map((line, at) => [line, httpSayings[at]] as const))(
    '%s',
    async (line, saying) => {
      const { code, stdout } = await run('sh', ['-c', line.replace(README_ADDRESS, await httpAddress())]);
      expect(code).toBe(0);
      expect(stdout).toMatch(saying ?? /^$/);
    },
    60_000,
  );
});

/** What is to be written into the settings of assistants. */
const started = z.object({ command: z.string(), args: z.array(z.string()) });
const settings = z.union([
  z.object({ mcpServers: z.object({ scriptorium: started }) }).transform(({ mcpServers }) => mcpServers),
  z.object({ servers: z.object({ scriptorium: started }) }).transform(({ servers }) => servers),
]);

describe('an assistant', () => {
  const starts = [
    ...blocksIn('json').map((text) => settings.parse(JSON.parse(text)).scriptorium),
    ...shellLines.flatMap((line) => {
      const [, command = '', args = ''] = /^claude mcp add scriptorium -- (\S+) (.*)$/.exec(line) ?? [];
      return command ? [{ command, args: args.split(' ') }] : [];
    }),
  ];

  test('is told of in three ways', () => expect(starts).toHaveLength(3));

  test.each(starts)('starts $command $args', async ({ command, args }) => {
    const own = args.map((arg) => arg.replace('/path/to/scriptorium', root.replace(/\/$/, '')));
    const client = new Client({ name: 'readme', version: '1' });
    const given = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    );
    await client.connect(
      new StdioClientTransport({ command, args: own, env: Object.fromEntries(given), stderr: 'ignore' }),
    );
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('search');
    await client.close();
  });
});

describe("Temporal's own tool", () => {
  test('starts a run as the README says', async () => {
    const started = await runTemporal(
      temporalLine.replace('"/books"', JSON.stringify(join(home.folder, 'Books'))),
    );
    expect(started).toMatchObject({ code: 0, stdout: expect.stringContaining('ingest/default') });
    await using client = await ScriptoriumClient.connect({ env: home.env });
    const { workflowId, books } = await client.run().result();
    expect(workflowId).toBe('ingest/default');
    expect(books).toEqual({ total: 2, ingested: 0, unchanged: 2, failed: 0, cancelled: 0 });
  }, 120_000);
});

describe('a run that goes on', () => {
  beforeAll(async () => {
    const books = await folder(home.folder, 'steered', 'Books');
    await writeLongBook(join(books, 'giant.txt'), 5_000);
    await writeLongBook(join(books, 'urgent.txt'), 1);
    const started = await run('npx', ['scriptorium', 'ingest', books, '--parallel', '1', '--detach']);
    expect(started.code).toBe(0);
    await using client = await ScriptoriumClient.connect({ env: home.env });
    await eventually(async () => (await client.run().progress()).running.length > 0);
    // Whatever the lines below raise the parallelism to, the second book must still wait when it is moved.
    await client.run().pause();
  }, 60_000);

  afterAll(async () => {
    await using client = await ScriptoriumClient.connect({ env: home.env });
    // It may be over: its last book was cancelled.
    await client
      .run()
      .cancel()
      .catch(() => {});
    await client.run().result();
  }, 60_000);

  test.each(scriptoriumLines.filter(isEndless))(
    'is watched by %s',
    async (line) => {
      const child = spawn('sh', ['-c', `exec ${line}`], {
        env: steered(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const seen = await new Promise<string>((resolve) =>
        child.stdout.once('data', (text) => resolve(`${text}`)),
      );
      child.kill('SIGINT');
      expect(seen).toMatch(/ingest\/default: .* of 2 books/);
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    },
    60_000,
  );

  test.each(otherTemporalLines)(
    'answers to %s',
    async (line) => {
      expect(await runTemporal(line)).toMatchObject({ code: 0, stderr: '' });
    },
    60_000,
  );

  test.each(shellLines.filter(isSteering))('does as told by %s', (line) => runLine(line, steered()), 60_000);

  const steered = (): NodeJS.ProcessEnv => ({ ...env, HOME: join(home.folder, 'steered') });
});

describe('the end of the README', () => {
  test.each(scriptoriumLines.filter(isAtTheEnd))('%s', (line) => runLine(line), 60_000);
});
