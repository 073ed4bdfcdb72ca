/** The HTTP client in a page: nothing of Node.js, and nothing that is large. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** In a process of its own: the bundler is native code. */
const script = `
import { build } from 'vite';
const [{ output }] = await build({
  configFile: false,
  logLevel: 'silent',
  build: { write: false, lib: { entry: 'client/http/client.ts', formats: ['es'], fileName: 'client' } },
});
const [{ code, moduleIds, imports }] = output;
console.log(JSON.stringify({ bytes: code.length, moduleIds, imports }));
`;

test('is bundled for a browser without a module of Node.js, and small', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...{ cwd: root, encoding: 'utf8' },
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const told = z.object({ bytes: z.number(), moduleIds: z.array(z.string()), imports: z.array(z.string()) });
  const { bytes, moduleIds, imports } = told.parse(JSON.parse(stdout));
  const foreign = moduleIds.filter(
    (id) => !/\/client\/http\/(client|events)\.ts$|\/node_modules\/openapi-fetch\//.test(id),
  );
  expect({ foreign, imports }).toEqual({ foreign: [], imports: [] });
  expect(bytes).toBeLessThan(40_000);
}, 60_000);
