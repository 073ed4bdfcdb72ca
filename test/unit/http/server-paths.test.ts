/** Paths of the server lead to nothing that the asker may not have: not past the roots, and to no other library's books. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { KnownKey } from '../../../client/http/principal.ts';
import { type ServerOptions, type TestServer, testServer } from '../../helpers/http-server.ts';

const key = (id: string, libraries: readonly string[] | null): KnownKey => ({
  ...{ id, name: `${id}'s`, scopes: ['ask', 'ingest'], libraries },
});
const keys = { feeder: key('feeder', null), sailor: key('sailor', ['sea']) };

async function index(
  server: TestServer,
  payload: object,
  { presented, query = '' }: { presented?: string; query?: string } = {},
) {
  const headers = { host: 'localhost:8720', ...(presented && { 'x-api-key': presented }) };
  const response = await server.app.inject({
    ...{ method: 'POST', url: `/api/v1/index${query}`, payload, headers },
  });
  const { code, detail } = response.json();
  return { status: response.statusCode, code, detail, library: server.asked[0]?.args[0] };
}

describe('who may hand in paths', () => {
  test.each([
    ['without keys, on loopback', {}, undefined, 202],
    ['a key, on loopback, without roots', { keys }, 'feeder', 403],
    ['a key, for others, without roots', { keys, parts: { open: false } }, 'feeder', 403],
    ['a key, with roots', { keys, rootsSet: true }, 'feeder', 202],
    ['a restricted key, without roots', { keys }, 'sailor', 403],
    ['a restricted key, with roots', { keys, rootsSet: true }, 'sailor', 403],
  ] as const)('%s', async (_, options: ServerOptions, presented, status) => {
    await using server = await testServer(options);
    const given = await index(server, { paths: ['/srv/books'] }, presented ? { presented } : {});
    expect(given.status).toBe(status);
    if (status === 202) return;
    expect(given).toMatchObject({ code: 'FORBIDDEN', detail: expect.stringMatching(/upload the books/) });
    expect(server.asked).toEqual([]);
  });

  test('a restricted key may not even for its own library', async () => {
    await using server = await testServer({ keys, rootsSet: true });
    const body = { paths: ['/srv/books'], library: 'sea' };
    expect(await index(server, body, { presented: 'sailor' })).toMatchObject({ status: 403 });
  });
});

describe('a path without end', () => {
  test('is refused, and one of the longest is looked at in no time', async () => {
    await using server = await testServer({ keys, rootsSet: true });
    const endless = { paths: ['/a'.repeat(200_000)] };
    expect(await index(server, endless, { presented: 'feeder' })).toMatchObject({ status: 400 });
    const longest = { paths: Array.from({ length: 20 }, (_, n) => `/${n}${'/a'.repeat(2_000)}`) };
    expect(await index(server, longest, { presented: 'feeder' })).toMatchObject({ status: 202 });
  });
});

describe('what was uploaded is handed in by nobody', () => {
  test.each([
    ['a folder of it', (uploads: string) => join(uploads, 'law')],
    ['the whole of it', (uploads: string) => uploads],
    ['with a separator at its end', (uploads: string) => `${uploads}/`],
    ['by a way round', (uploads: string) => `${uploads}/../uploads//law/./a.txt`],
    ['what is not there yet', (uploads: string) => join(uploads, 'law', 'new', 'b.txt')],
    ['by a link', (uploads: string) => join(uploads, '..', 'link', 'a.txt')],
    ['beside a path that may', (uploads: string) => join(uploads, 'law', 'a.txt')],
  ])('%s', async (_, pathOf) => {
    await using server = await testServer({ keys, rootsSet: true });
    const { uploads } = server;
    await mkdir(join(uploads, 'law'));
    await writeFile(join(uploads, 'law', 'a.txt'), 'A law.');
    await symlink(join(uploads, 'law'), join(uploads, '..', 'link'));
    const paths = ['/srv/books', pathOf(uploads)];
    expect(await index(server, { paths, library: 'sea' }, { presented: 'feeder' })).toMatchObject({
      ...{ status: 403, code: 'FORBIDDEN', detail: expect.stringMatching(/folder of uploads/) },
    });
    expect(server.asked).toEqual([]);
  });

  test('a folder whose name only begins like it is none of it', async () => {
    await using server = await testServer({ keys, rootsSet: true });
    const paths = [`${server.uploads}-of-others`];
    expect(await index(server, { paths }, { presented: 'feeder' })).toMatchObject({ status: 202 });
  });
});

describe('the library of paths', () => {
  const paths = ['/srv/books'];
  test.each([
    ['is `default`', {}, '', 202, 'default'],
    ['is what the body says', { library: 'sea' }, '', 202, 'sea'],
    ['is what the address says', {}, '?library=sea', 202, 'sea'],
    ['may be said twice', { library: 'sea' }, '?library=sea', 202, 'sea'],
    ['may not be two', { library: 'sea' }, '?library=law', 400, undefined],
  ] as const)('%s', async (_, body, query, status, library) => {
    await using server = await testServer();
    expect(await index(server, { paths, ...body }, { query })).toMatchObject({ status });
    expect(server.asked[0]?.args[0]).toBe(library);
  });
});
