/** By which name a walk of many paths meets a file: the same as by asking each path in turn, but without doing so. */
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StraightNames, trimmed } from '../../activities/sources/straight-names.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

/** What `of` is held against: every path is asked, those that are no links first. */
async function byAsking(paths: readonly string[], realPath: string): Promise<string | null> {
  const tops = await Promise.all(paths.map(async (path) => ({ path, real: await realpath(path) })));
  const links = ({ path, real }: (typeof tops)[number]): number => (trimmed(path) === real ? 0 : 1);
  for (const { path, real } of tops.sort((a, b) => links(a) - links(b))) {
    const below = relative(real, realPath);
    if (below === '') return trimmed(path);
    const hidden = below.split(sep).some((name) => name.startsWith('.'));
    if (!hidden && !isAbsolute(below)) return join(path, below);
  }
  return null;
}

test('is the one that asking each path in turn gives, whatever the paths', async () => {
  await using temp = await tempFolder();
  const root = await realpath(temp.path);
  const folders = ['a', 'a/b', 'a/b/c', 'a/.h', 'a/.h/x', '..d', '..d/e', 'ab'].map((name) =>
    join(root, name),
  );
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const links = ['to-b', 'ab/to-a', 'a/b/up', 'a/.h/to-ab'].map((name) => join(root, name));
  const targets = ['a/b', 'a', '..d', 'ab'].map((name) => join(root, name));
  for (const [index, link] of links.entries()) await symlink(targets[index] ?? '', link);
  const named = [root, '/', ...folders, ...links].flatMap((path) => [path, `${trimmed(path)}/`]);
  const files = [root, '/', ...folders].flatMap((path) => [path, join(path, 'f.txt'), join(path, '.f', 'g')]);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(named), fc.constantFrom(...files), async (paths, file) => {
      const names = await StraightNames.below(paths);
      expect(names.of(file)).toBe(await byAsking(paths, file));
    }),
    { numRuns: 500 },
  );
});

test('is found among 6,000 paths for 6,000 files without asking each of them', async () => {
  await using temp = await tempFolder();
  const root = await realpath(temp.path);
  const paths = Array.from({ length: 6_000 }, (_, n) => join(root, `${n}.txt`));
  await Promise.all(paths.map((path) => writeFile(path, '')));
  const names = await StraightNames.below(paths);
  for (const [n, path] of paths.entries()) {
    expect(names.of(path)).toBe(path);
    expect(names.of(join(root, 'other', `${n}.txt`))).toBeNull();
    // So that the time limit of this test can end it.
    if (n % 100 === 0) await othersTurn();
  }
}, 10_000);
