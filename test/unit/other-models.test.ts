import { expect, test } from '@jest/globals';
import { tellOfOtherModels } from '../../workers/other-models.ts';

async function toldOf(...embedderIds: string[]): Promise<unknown[]> {
  const told: unknown[] = [];
  const libraries = embedderIds.map((embedderId, n) => ({ library: `l${n}`, embedderId, dimensions: 3 }));
  const warn = (what: unknown): void => void told.push(what);
  await tellOfOtherModels(
    { catalog: { listLibraries: async () => libraries }, embedder: { id: 'mine' } },
    { warn },
  );
  return told;
}

test('a worker tells at its start of libraries that another model embedded, and of no others', async () => {
  expect(await toldOf()).toEqual([]);
  expect(await toldOf('mine', 'mine')).toEqual([]);
  expect(await toldOf('mine', 'theirs')).toEqual([{ libraries: ['l1'], all: 1, model: 'mine' }]);
});

test('a catalog that does not answer keeps no worker from its start', async () => {
  const listLibraries = async () => await Promise.reject(new Error('no'));
  await tellOfOtherModels({ catalog: { listLibraries }, embedder: { id: 'mine' } }, { warn: () => {} });
});
