/** What people meet at the command line: questions that are piped in, stages, keys, doctor, and a conversation at a terminal. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { eventually } from '../helpers/eventually.ts';
import { type Outcome, TestHome } from '../helpers/scriptorium.ts';

const bin = fileURLToPath(new URL('../../bin/scriptorium.js', import.meta.url));
const QUESTION = 'Why does the Tolland Low lighthouse stand on rails?';
const BOOK = 'lights-of-saint-orrin.pdf';

const report = z.object({
  healthy: z.boolean(),
  checks: z.array(
    z.object({ name: z.string(), state: z.string(), detail: z.string(), remedy: z.string().nullable() }),
  ),
});

let home: TestHome;

beforeAll(async () => {
  home = await TestHome.create();
  await buildSamples();
}, 60_000);
afterAll(async () => await home?.[Symbol.asyncDispose](), 60_000);

async function doctor(env: NodeJS.ProcessEnv = {}) {
  const { code, stdout } = await run({ env, args: ['doctor', '--json'] });
  const { healthy, checks } = report.parse(JSON.parse(stdout));
  return { code, healthy, checks: new Map(checks.map((check) => [check.name, check])) };
}

interface Run {
  readonly args: readonly string[];
  /** What stands on the standard input. */
  readonly input?: string;
  /** Beside what every command of this test is given. */
  readonly env?: NodeJS.ProcessEnv;
}

async function run({ args, input = '', env = {} }: Run): Promise<Outcome> {
  const child = spawn(process.execPath, [bin, ...args], { env: { ...home.env, ...env } });
  child.stdin.end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

describe('doctor', () => {
  test('says that nothing is up, and what to do, before there is a stack', async () => {
    const { code, healthy, checks } = await doctor();
    expect({ code, healthy }).toEqual({ code: 1, healthy: false });
    expect(checks.get('temporal')).toMatchObject({ state: 'wrong', remedy: expect.stringContaining('up') });
    expect(checks.get('store')).toMatchObject({ state: 'skipped' });
    for (const name of ['node', 'home', 'settings', 'model', 'tokenizer', 'answer model'])
      expect(checks.get(name)).toMatchObject({ state: 'ok', remedy: null });
    const { code: forPeople, stdout } = await home.run('doctor');
    expect(forPeople).toBe(1);
    expect(stdout).toMatch(/^✗ temporal .*\n +→ Run /m);
  }, 60_000);

  test('finds a setting, a model file and an endpoint that are wrong', async () => {
    const setting = await doctor({ SCRIPTORIUM_EMBED_BATCH: 'many' });
    expect(setting.checks.get('settings')).toMatchObject({
      ...{ state: 'wrong', detail: expect.stringContaining('SCRIPTORIUM_EMBED_BATCH') },
    });
    const others = await doctor({
      ...{ SCRIPTORIUM_MODEL: '/nowhere.onnx', OPENAI_MODEL: 'm', OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' },
    });
    expect(others.checks.get('model')).toMatchObject({ state: 'wrong' });
    expect(others.checks.get('answer model')).toMatchObject({
      ...{ state: 'wrong', remedy: expect.stringContaining('OPENAI_BASE_URL') },
    });
  }, 60_000);

  test('finds nothing wrong when the stack is up', async () => {
    const books = join(home.folder, 'Books');
    await mkdir(books);
    await copyFile(join(booksFolder, BOOK), join(books, BOOK));
    expect((await home.run('ingest', books)).code).toBe(0);
    const { code, checks } = await doctor();
    expect([...checks.values()].filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect([...checks.keys()]).toEqual(
      expect.arrayContaining(['temporal', 'workers', 'store', 'clock', 'http']),
    );
  }, 300_000);
});

describe('a question', () => {
  test('is read from the standard input when it is no argument', async () => {
    const { code, stdout } = await run({ args: ['ask'], input: `${QUESTION}\n` });
    expect(code).toBe(0);
    expect(stdout).toMatch(/\[1\] .*Saint Orrin/);
    const nothing = await run({ args: ['ask'] });
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('INVALID_ARGUMENT') });
  }, 60_000);

  test('is explained: what each stage took, and that the second answer came from a cache', async () => {
    const made = await home.run('ask', 'Where does the light called The Widow stand?', '--explain');
    expect(made.stdout).toMatch(/^Cache: made anew$/m);
    expect(made.stdout).toMatch(/^ {2}generate +\d+\.\d ms$/m);
    expect(made.stdout).toMatch(/^Workflow: answerQuestion\//m);
    const kept = await home.run('ask', 'Where does the light called The Widow stand?', '--explain');
    expect(kept.stdout).toMatch(/^Cache: the same question was answered \S+ s ago$/m);
    const found = await home.run('search', 'rails', '--explain');
    expect(found.stdout).toMatch(/^ {2}lexical +\d+\.\d ms$/m);
    expect(`${made.stdout}${found.stdout}`).not.toContain('\u001b');
  }, 60_000);
});

describe('keys', () => {
  test('are made, listed and revoked', async () => {
    const { code, stdout } = await home.run('keys', 'add', 'reader', '--scope', 'ask', '--library', 'theses');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^scr_[a-z0-9]{8}_[\w-]{43}\n$/),
    });
    expect(await readFile(home.paths.keysFile, 'utf8')).not.toContain(stdout.trim().slice(13));
    expect((await home.run('keys', 'list')).stdout).toMatch(/reader: ask in only theses, made /);
    expect((await home.run('keys', 'add', 'x', '--scope', 'all')).code).toBe(2);
    expect((await home.run('keys', 'revoke', 'nobody')).code).toBe(2);
    const revoked = await home.run('keys', 'revoke', 'reader');
    expect(revoked).toMatchObject({ code: 0, stderr: expect.stringContaining('No key is left') });
  }, 60_000);
});

/** It gives a command a terminal of its own. */
const hasScript = spawnSync('script', ['--version']).status === 0;

(hasScript ? describe : describe.skip)('at a terminal', () => {
  let child: ChildProcess | undefined;
  afterAll(() => void child?.kill());

  test('ask without a question is a conversation, with links, until exit', async () => {
    const command = `"${process.execPath}" "${bin}" ask --extractive`;
    // Node takes a terminal under CI for one without colours.
    const { CI: _, NO_COLOR: __, ...others } = home.env;
    const env = { ...others, TERM: 'xterm-256color' };
    child = spawn('script', ['-qec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let shown = '';
    child.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const until = (text: string) => eventually(() => shown.includes(text), { forMs: 15_000 });
    await until('? ');
    child.stdin?.write(`${QUESTION}\r`);
    await until('\u001b]8;;file://');
    expect(shown.replaceAll('\u001b', 'ESC')).toMatch(/\[1\] ESC\]8;;file:\S+#page=\d+ESC\\.*Saint Orrin/);
    child.stdin?.write('\u0003');
    await until('exit or Ctrl-D ends');
    child.stdin?.write('exit\r');
    expect(await new Promise((resolve) => child?.once('close', resolve))).toBe(0);
  }, 60_000);
});
