/** The page for operators names every collection that we make in Qdrant, and none that we do not: it says what to back up. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

const code = new URL('../../activities/adapters/qdrant/', import.meta.url);
/** Of version 0.1: its points are moved when it is met. */
const LEFT_BEHIND = 'points';

test('docs/operations.md names the collections of the code', async () => {
  const made = new Set<string>();
  for (const name of await readdir(code)) {
    const text = await readFile(new URL(name, code), 'utf8');
    for (const [, kind] of text.matchAll(/\$\{(?:options\.)?prefix\}-([a-z]+)/g)) made.add(`${kind}`);
  }
  made.delete(LEFT_BEHIND);
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [paragraph = ''] = /^With Qdrant, back up.*?\n\n/ms.exec(page) ?? [];
  const named = [...paragraph.matchAll(/`scriptorium-([a-z]+)/g)].map(([, kind]) => `${kind}`);
  expect(made.size).toBeGreaterThan(3);
  expect(named.sort()).toEqual([...made].sort());
});
