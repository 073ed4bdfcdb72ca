/** The dashboard is small: what a browser loads for it, compressed. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** In a process of its own: the bundler is native code. */
const script = `
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { dashboard } from './scripts/dashboard-options.mjs';
const { output } = await build({ ...dashboard, build: { ...dashboard.build, write: false } });
const bytes = (file) => gzipSync(file.type === 'chunk' ? file.code : file.source).length;
console.log(JSON.stringify(Object.fromEntries(output.map((file) => [file.fileName, bytes(file)]))));
`;

test('takes less than 200 KB in all', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...{ cwd: root, encoding: 'utf8' },
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const sizes = z.record(z.string(), z.number()).parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  expect(Object.keys(sizes)).toEqual(
    expect.arrayContaining(['index.html', expect.stringMatching(/\.js$/), expect.stringMatching(/\.css$/)]),
  );
  expect(Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(200_000);
}, 120_000);
