/** A place where assets are looked for: an empty cache, a server that gives them, and a Python that is none. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { ZipFile } from 'yazl';
import { z } from 'zod';
import { findAsset } from '../../workers/assets/find-asset.ts';
import type { Asset } from '../../workers/assets/manifest.ts';
import { type LocalServer, localServer, type Reply } from './local-server.ts';
import { runModule } from './source-process.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

/** What every asset of the tests holds. */
export const CONTENT = Buffer.alloc(300_000, 'what a model is made of ');
/** Variable that names a file to use instead. */
export const VARIABLE = 'SCRIPTORIUM_MODEL';

export interface Place extends TempFolder {
  readonly server: LocalServer;
  /** Where the asset is once it is fetched. */
  readonly cached: string;
  readonly file: (name: string) => string;
}

/** A cache that is empty, and a server that answers in one way. */
export async function place(reply: Reply): Promise<Place> {
  const folder = await tempFolder();
  const server = await localServer(reply);
  return {
    path: folder.path,
    server,
    cached: join(folder.path, 'cache', 'model-1.0', 'model.onnx'),
    file: (name) => join(folder.path, name),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export function urlOf({ url }: LocalServer) {
  return { kind: 'url', url: `${url}/model.onnx` } as const;
}

export function assetAt({ server }: Place, changes: Partial<Asset>): Asset {
  return {
    ...{ name: 'model', title: 'a model', version: '1.0', fileName: 'model.onnx', executable: false },
    ...{
      sha256: createHash('sha256').update(CONTENT).digest('hex'),
      variable: VARIABLE,
      sources: [urlOf(server)],
    },
    ...changes,
  };
}

export function find(
  at: Place,
  changes: Partial<Asset> = {},
  env: NodeJS.ProcessEnv = {},
  onProgress: (asset: Asset, bytes: number, total: number | null) => void = () => {},
): Promise<string> {
  return findAsset(assetAt(at, changes), { cacheFolder: at.file('cache'), env, onProgress });
}

const outcome = z.object({
  path: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
});

export async function findInProcess(at: Place, changes: Partial<Asset> = {}, env: NodeJS.ProcessEnv = {}) {
  const code = `
    import { findAsset } from './workers/assets/find-asset.ts';
    const [asset, cacheFolder] = process.argv.slice(2);
    const found = await findAsset(JSON.parse(asset), { cacheFolder, env: {} }).then(
      (path) => ({ path }),
      ({ code, message }) => ({ code, message }),
    );
    // Whatever was left undone gets its chance to fail.
    await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify(found));`;
  const { stdout, stderr } = await runModule(code, [JSON.stringify(assetAt(at, changes)), at.file('cache')], {
    ...process.env,
    ...env,
  });
  if (stdout === '') throw new Error(stderr);
  return outcome.parse(JSON.parse(stdout));
}

/** Jest takes long to compare large buffers. */
export async function holdsContent(path: string): Promise<boolean> {
  return CONTENT.equals(await readFile(path));
}

/** Everything in the cache, the file that `findAsset` gives among it. */
export async function leftIn(at: Place): Promise<string[]> {
  const entries = await readdir(at.file('cache'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.name !== 'model-1.0').map((entry) => entry.name);
}

export async function tarGz(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  return await buffer(archive.pipe(createGzip()));
}

/** A small wheel that holds the content under one name. */
export async function wheel(at: Place, member: string): Promise<string> {
  const zip = new ZipFile();
  zip.addBuffer(CONTENT, member);
  zip.addBuffer(Buffer.from('x'), 'a_model/__init__.py');
  zip.end();
  const path = at.file('a_model-2.1-py3-none-any.whl');
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

/** A PATH on which Python is a script of ours; it may use `$dest`, the folder that pip is to fill. */
export async function fakePython(at: Place, script: string): Promise<string> {
  await mkdir(at.file('bin'), { recursive: true });
  const lines = ['#!/bin/sh', `echo "$@" > "${at.file('args')}"`, 'while [ $# -gt 0 ]; do'];
  lines.push('  if [ "$1" = --dest ]; then dest="$2"; fi', '  shift', 'done', script, '');
  await writeFile(at.file('bin/python3'), lines.join('\n'));
  await chmod(at.file('bin/python3'), 0o755);
  return [at.file('bin'), '/usr/bin', '/bin'].join(delimiter);
}
