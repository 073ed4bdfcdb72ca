import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProcessSandbox } from '../../../activities/adapters/documents/process-sandbox.ts';
import { ProcessPool } from '../../../activities/adapters/documents/sandbox/process-pool.ts';
import { metaSchema } from '../../../activities/adapters/documents/sandbox/protocol.ts';
import { SandboxProcess } from '../../../activities/adapters/documents/sandbox/sandbox-process.ts';
import type { Chunk, PageText } from '../../../activities/ports/documents.ts';
import { eventually } from '../../helpers/eventually.ts';

const MB = 2 ** 20;
const limits = { maxFileBytes: 64 * MB, maxTextBytes: 64 * MB, timeoutMs: 20_000, maxMemoryBytes: 512 * MB };
let folder = '';
/** A book that is read at once. */
let small = '';
/** A book of one paragraph, on which the Markdown parser works for minutes. */
let endless = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  small = join(folder, 'small.txt');
  endless = join(folder, 'endless.md');
  await writeFile(small, 'A short book.');
  await writeFile(endless, 'word *a* [b](c) and\n'.repeat(2_000_000));
});

afterAll(() => rm(folder, { recursive: true }));

const isGone = async (pid: number): Promise<boolean> => {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone) Z');
  return /\) Z/.test(status);
};

const untilGone = (pid: number) => eventually(() => isGone(pid));

describe('limits', () => {
  test('a request that takes too long is killed', async () => {
    await using sandbox = new ProcessSandbox({
      processes: 1,
      limits: { ...limits, timeoutMs: 4_000, maxMemoryBytes: 4096 * MB },
    });
    await expect(sandbox.open(endless)).rejects.toMatchObject({
      code: 'EXTRACTION_TIMEOUT',
      message: expect.stringContaining(endless),
    });
    await using next = await sandbox.open(small);
    expect(next.meta.units).toBe(1);
  });

  test('a process that passes its memory limit is killed, however busy it is', async () => {
    await using sandbox = new ProcessSandbox({
      processes: 1,
      limits: { ...limits, maxMemoryBytes: 250 * MB },
    });
    await expect(sandbox.open(endless)).rejects.toMatchObject({ code: 'EXTRACTION_OUT_OF_MEMORY' });
    await using next = await sandbox.open(small);
    expect(next.meta.units).toBe(1);
  });

  test('the watchdog ends a process whose memory outside of the JavaScript heap is over the limit', async () => {
    await using sandbox = new ProcessSandbox({
      processes: 1,
      limits: { ...limits, maxMemoryBytes: 50 * MB },
    });
    await expect(sandbox.open(endless)).rejects.toMatchObject({
      code: 'EXTRACTION_OUT_OF_MEMORY',
      message: expect.stringContaining('50 MB'),
    });
  });

  test('a process that dies by itself has crashed', async () => {
    const process = new SandboxProcess({ ...limits, maxMemoryBytes: 4096 * MB });
    const request = { kind: 'open' as const, path: endless, limits };
    const opening = expect(process.request(request, metaSchema)).rejects.toMatchObject({
      code: 'EXTRACTION_CRASHED',
    });
    killNow(process.pid);
    await opening;
    await process.ended();
    expect(process.alive).toBe(false);
    await expect(process.request(request, metaSchema)).rejects.toMatchObject({ code: 'EXTRACTION_CRASHED' });
  });

  test('a limit that makes no sense is refused', () => {
    expect(() => new ProcessSandbox({ processes: 0, limits })).toThrow('processes must be at least 1, not 0');
  });
});

function killNow(pid: number | undefined): void {
  if (pid === undefined) throw new Error('The process was not started.');
  process.kill(pid, 'SIGKILL');
}

describe('aborting', () => {
  test('ends a request in progress, with the reason', async () => {
    await using sandbox = new ProcessSandbox({
      processes: 1,
      limits: { ...limits, maxMemoryBytes: 4096 * MB },
    });
    const controller = new AbortController();
    const opening = sandbox.open(endless, controller.signal);
    controller.abort(new Error('cancelled by the user'));
    await expect(opening).rejects.toThrow('cancelled by the user');
    await using next = await sandbox.open(small);
    expect(next.meta.units).toBe(1);
  });

  test('ends the wait for a free process, and the place in the queue', async () => {
    await using sandbox = new ProcessSandbox({ processes: 1, limits });
    const first = await sandbox.open(small);
    const controller = new AbortController();
    const waiting = sandbox.open(small, controller.signal);
    const behind = sandbox.open(small);
    controller.abort(new Error('not any more'));
    await expect(waiting).rejects.toThrow('not any more');
    await first[Symbol.asyncDispose]();
    await using second = await behind;
    expect(second.meta.units).toBe(1);
  });

  test('a document whose signal is aborted reads no more', async () => {
    await using sandbox = new ProcessSandbox({ processes: 1, limits });
    const controller = new AbortController();
    await using document = await sandbox.open(small, controller.signal);
    controller.abort(new Error('enough'));
    await expect(document.read(0, 1)).rejects.toThrow('enough');
  });
});

describe('the pool', () => {
  const options = {
    ...{ processes: 2, limits, maxLeases: 2, softMemoryBytes: 512 * MB, idleMs: 60_000 },
    ...{ coresAreBusy: () => false, waitForAnotherMs: 2_000 },
  };
  const pidOf = async (pool: ProcessPool): Promise<number> => {
    using lease = await pool.acquire();
    return lease.process.pid ?? 0;
  };

  test('never runs more processes than it may, and serves the others in order', async () => {
    await using pool = new ProcessPool({ ...options, maxLeases: 100 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    const order: number[] = [];
    const later = [3, 4, 5].map(async (number) => {
      using lease = await pool.acquire();
      order.push(number);
      return lease.process.pid;
    });
    expect(order).toEqual([]);
    first[Symbol.dispose]();
    const pids = await Promise.all(later);
    expect(order).toEqual([3, 4, 5]);
    expect(new Set(pids)).toEqual(new Set([first.process.pid]));
    second[Symbol.dispose]();
  });

  test('has no second process for waits that are short', async () => {
    await using pool = new ProcessPool({ ...options, maxLeases: 100 });
    const pids = await Promise.all([1, 2, 3, 4].map(() => pidOf(pool)));
    expect(new Set(pids).size).toBe(1);
  });

  test('has another while there is work for it, and keeps the last', async () => {
    await using pool = new ProcessPool({ ...options, maxLeases: 100 });
    const first = await pool.acquire();
    const second = await pool.acquire();
    expect(second.process.pid).not.toBe(first.process.pid);
    second[Symbol.dispose]();
    await untilGone(second.process.pid ?? 0);
    first[Symbol.dispose]();
    expect(await pidOf(pool)).toBe(first.process.pid);
  });

  test('has no other while the cores have other work', async () => {
    let busy = true;
    await using pool = new ProcessPool({ ...options, coresAreBusy: () => busy, waitForAnotherMs: 1 });
    using first = await pool.acquire();
    const second = pool.acquire();
    // Longer than a process counts as one that starts.
    await setTimeout(2_500);
    expect(await Promise.race([second, setTimeout(1, 'waits')])).toBe('waits');
    busy = false;
    using other = await second;
    expect(other.process.pid).not.toBe(first.process.pid);
  });

  test('uses a process again, and replaces it after its leases', async () => {
    await using pool = new ProcessPool(options);
    const pids = [await pidOf(pool), await pidOf(pool), await pidOf(pool)];
    expect(pids[0]).toBe(pids[1]);
    expect(pids[2]).not.toBe(pids[0]);
    await untilGone(pids[0] ?? 0);
  });

  test('lends a fresh process where one is asked for, in the place of an idle one', async () => {
    await using pool = new ProcessPool({ ...options, processes: 1, maxLeases: 100 });
    const used = await pidOf(pool);
    using lease = await pool.acquire(undefined, { fresh: true });
    expect(lease.isFresh).toBe(true);
    expect(lease.process.pid).not.toBe(used);
    await untilGone(used);
    lease[Symbol.dispose]();
    using again = await pool.acquire();
    expect(again).toMatchObject({ isFresh: false, process: lease.process });
  });

  test('replaces a process that keeps too much memory', async () => {
    await using pool = new ProcessPool({ ...options, maxLeases: 100, softMemoryBytes: 1 * MB });
    const lease = await pool.acquire();
    await lease.process.request({ kind: 'open', path: small, limits }, metaSchema);
    lease[Symbol.dispose]();
    expect(await pidOf(pool)).not.toBe(lease.process.pid);
  });

  test('ends a process that has nothing to do', async () => {
    await using pool = new ProcessPool({ ...options, idleMs: 1 });
    await untilGone(await pidOf(pool));
  });

  test('closing ends all processes, lent ones too, and refuses who waits', async () => {
    const pool = new ProcessPool({ ...options, processes: 1 });
    const lease = await pool.acquire();
    const waiting = expect(pool.acquire()).rejects.toThrow('closed');
    await pool[Symbol.asyncDispose]();
    await waiting;
    await expect(pool.acquire()).rejects.toThrow('closed');
    expect(await isGone(lease.process.pid ?? 0)).toBe(true);
    lease[Symbol.dispose]();
  });
});

test('a busy process ends by itself when its parent is killed', async () => {
  const module = new URL('../../../activities/adapters/documents/sandbox/sandbox-process.ts', import.meta.url)
    .href;
  const script = join(folder, 'parent.mjs');
  await writeFile(
    script,
    `import { SandboxProcess } from ${JSON.stringify(module)};
     const limits = ${JSON.stringify({ ...limits, timeoutMs: 600_000, maxMemoryBytes: 4096 * MB })};
     const child = new SandboxProcess(limits);
     const schema = { parse: (value) => value };
     await child.request({ kind: 'open', path: ${JSON.stringify(small)}, limits }, schema);
     child.request({ kind: 'open', path: ${JSON.stringify(endless)}, limits }, schema);
     console.log(child.pid);`,
  );
  const { NODE_OPTIONS: _, ...env } = process.env;
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const ended = once(parent, 'exit').then(([code]) => [`nothing: the parent ended with ${code}`]);
  const [line] = await Promise.race([once(createInterface(parent.stdout), 'line'), ended]);
  expect(line).toMatch(/^\d+$/);
  expect(await isGone(Number(line))).toBe(false);
  parent.kill('SIGKILL');
  await untilGone(Number(line));
});

test('where the system has no more open files, the book waits for them', async () => {
  const script = join(import.meta.dirname, 'without-files.ts');
  const { NODE_OPTIONS: _, ...env } = process.env;
  const limited = spawn('bash', ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, script, small], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const [said] = await Promise.all([text(limited.stdout), once(limited, 'exit')]);
  expect(said).toBe('DISK_UNREACHABLE');
});

describe('chunking in the sandbox', () => {
  /** Every word is a token; its own truncation and padding would make every text eight tokens long. */
  const tokenizer = {
    version: '1.0',
    truncation: { direction: 'Right', max_length: 8, strategy: 'LongestFirst', stride: 0 },
    padding: {
      strategy: { Fixed: 8 },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: 3,
      pad_type_id: 0,
      pad_token: '[PAD]',
    },
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] } },
    },
    decoder: null,
    model: { type: 'WordLevel', vocab: { '[UNK]': 0, '[CLS]': 1, '[PAD]': 3 }, unk_token: '[UNK]' },
  };

  async function* units(): AsyncGenerator<PageText> {
    for (let index = 0; index < 100; index++) {
      yield {
        index,
        page: index + 1,
        section: [],
        text: `Page ${index} has these words. `.repeat(400).trim(),
      };
    }
  }

  test('counts with the tokenizer itself, in several requests', async () => {
    const path = join(folder, 'tokenizer.json');
    await writeFile(path, JSON.stringify(tokenizer));
    await using sandbox = new ProcessSandbox({ processes: 1, limits });
    const chunks: Chunk[] = [];
    let lots = 0;
    for await (const lot of sandbox.chunk(units(), { maxTokens: 101, overlapTokens: 0 }, path)) {
      chunks.push(...lot);
      lots++;
    }
    expect(lots).toBeGreaterThan(2);
    expect(chunks).toHaveLength(2000);
    for (const chunk of chunks) expect(chunk.tokens).toBe(101);
    expect(chunks.at(-1)?.page).toEqual({ start: 100, end: 100 });
  });

  test('a consumer that stops gives its process back', async () => {
    const path = join(folder, 'tokenizer.json');
    await writeFile(path, JSON.stringify(tokenizer));
    await using sandbox = new ProcessSandbox({ processes: 1, limits });
    for await (const lot of sandbox.chunk(units(), { maxTokens: 101, overlapTokens: 0 }, path)) {
      expect(lot.length).toBeGreaterThan(0);
      break;
    }
    await using next = await sandbox.open(small);
    expect(next.meta.units).toBe(1);
  });

  test('says what is wrong with its options and its tokenizer', async () => {
    await using sandbox = new ProcessSandbox({ processes: 1, limits });
    const first = (path: string, maxTokens: number) =>
      sandbox.chunk(units(), { maxTokens, overlapTokens: 0 }, path)[Symbol.asyncIterator]().next();
    // No fault of a book: it is there again when the workers are started anew.
    await expect(first(join(folder, 'no.json'), 100)).rejects.toMatchObject({
      ...{ code: 'DISK_UNREACHABLE', message: expect.stringMatching(/ENOENT.*start the workers anew/) },
    });
    await writeFile(join(folder, 'garbage.json'), '{');
    await expect(first(join(folder, 'garbage.json'), 100)).rejects.toMatchObject({
      code: 'ASSET_UNAVAILABLE',
    });
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    await expect(first(join(folder, 'tokenizer.json'), 2)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
