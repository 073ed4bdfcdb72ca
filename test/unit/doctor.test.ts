import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { doctorLines } from '../../client/cli/commands/doctor.ts';
import { ok, skipped, wrong } from '../../client/cli/doctor/check.ts';
import { homeCheck, nodeCheck, spaceCheck } from '../../client/cli/doctor/machine.ts';
import { clockVerdict } from '../../client/cli/doctor/stack.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

test.each([
  ['24.21.0', 'ok'],
  ['26.0.0', 'ok'],
  ['22.1.0', 'wrong'],
  ['nonsense', 'wrong'],
])('Node.js %s is %s', (version, state) => {
  expect(nodeCheck(version)).toMatchObject({ name: 'node', state });
});

describe('the folder of all state', () => {
  test('is made, written to, and left as it was', async () => {
    await using folder = await tempFolder();
    const home = join(folder.path, 'home');
    expect(await homeCheck(home)).toMatchObject({ name: 'home', detail: expect.stringContaining('GB free') });
    expect(await readdir(home)).toEqual([]);
  });

  test('that can not be one is wrong, with what to do', async () => {
    await using folder = await tempFolder();
    await writeFile(join(folder.path, 'file'), '');
    const found = await homeCheck(join(folder.path, 'file', 'home'));
    expect(found).toMatchObject({ state: 'wrong', remedy: expect.stringContaining('SCRIPTORIUM_HOME') });
    await mkdir(join(folder.path, 'other'));
    expect((await homeCheck(join(folder.path, 'other'))).name).toBe('home');
  });

  test.each([
    [5e9, 'ok', '5.0 GB free'],
    [0.4e9, 'wrong', '0.4 GB free'],
  ])('with %d bytes free is %s', (bytes, state, detail) => {
    expect(spaceCheck('/home', bytes)).toMatchObject({ state, detail: `/home, ${detail}` });
  });
});

test.each([
  [0, 'ok', 'agrees with the one of Temporal'],
  [-4_000, 'ok', 'agrees with the one of Temporal'],
  [90_000, 'wrong', '90.0 s behind the one of Temporal'],
  [-6_000, 'wrong', '6.0 s ahead of the one of Temporal'],
])('a clock that is %d ms behind is %s', (aheadMs, state, detail) => {
  expect(clockVerdict(aheadMs)).toMatchObject({ state, detail });
});

test('what is wrong is told with what to do, and counted', () => {
  const checks = [
    ok('node', '24'),
    wrong('workers', 'none', 'Start one.'),
    skipped('store', 'needs the workers'),
  ];
  expect(doctorLines(checks)).toEqual([
    '✓ node         24',
    '✗ workers      none',
    '               → Start one.',
    '– store        needs the workers',
    '1 part wrong.',
  ]);
  expect(doctorLines([ok('node', '24')]).at(-1)).toBe('Nothing is wrong.');
});
