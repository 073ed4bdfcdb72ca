import { describe, expect, test } from '@jest/globals';
import type { SearchFilter, StoredPoint } from '../../activities/ports/vector-store.ts';
import { freshStores } from './fresh-stores.ts';
import { AWKWARD_TEXTS, type Backing, bookIdOf, bookPoints, unitVector } from './store-fixtures.ts';

const [ALICE, BOB, CAROL] = [bookIdOf('alice'), bookIdOf('bob'), bookIdOf('carol')];

/** What every vector store promises of words, and of filters in both searches. */
export function vectorLexicalContract(name: string, start: () => Promise<Backing>): void {
  describe(`${name} as a store that is searched by words`, () => {
    const given = freshStores(start);

    const write = async (bookId: string, texts: readonly string[]): Promise<StoredPoint[]> => {
      const points = bookPoints(bookId, 'r1', texts.length).map((point, n) => ({
        ...point,
        text: texts[n] ?? '',
      }));
      await given.stores.store.upsert(points);
      return points;
    };
    const found = async (text: string, filter: SearchFilter = {}, limit = 10): Promise<string[]> =>
      (await given.stores.store.searchText(text, filter, limit)).map((hit) => hit.text);

    test('an empty store gives nothing', async () => {
      expect(await found('lamp')).toEqual([]);
    });

    test('gives the passages that share a word, those with the rarer words first', async () => {
      const common = Array.from({ length: 20 }, (_, n) => `The keeper walked along the shore, day ${n}.`);
      await write(ALICE, [...common, 'The keeper trimmed the lamp.', 'Butter and flour.']);
      const texts = await found('Which keeper trimmed a lamp?', {}, 30);
      expect(texts[0]).toBe('The keeper trimmed the lamp.');
      expect(texts).toHaveLength(21);
      expect(texts).not.toContain('Butter and flour.');
    });

    test('scores are above zero and fall', async () => {
      await write(ALICE, ['lamp lamp oil', 'lamp and much else that has nothing to do with it', 'shore']);
      const scores = (await given.stores.store.searchText('lamp oil', {}, 10)).map(({ score }) => score);
      expect(scores).toHaveLength(2);
      expect(scores.every((score) => score > 0)).toBe(true);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    });

    test('case, accents and plurals make no other word', async () => {
      await write(ALICE, ['Die Häuser am Café.', 'Two LAMPS burned.']);
      expect(await found('cafe')).toEqual(['Die Häuser am Café.']);
      expect(await found('lamp')).toEqual(['Two LAMPS burned.']);
    });

    test('a hit carries the whole passage', async () => {
      const [point] = await write(ALICE, ['The lamp.']);
      const { vector: _, ...passage } = point ?? { vector: null };
      expect(await given.stores.store.searchText('lamp', {}, 1)).toMatchObject([passage]);
    });

    test('what was written a moment ago is found, what was changed or deleted is not', async () => {
      const [first, second] = await write(ALICE, ['The zeppelin rose.', 'The balloon sank.']);
      if (!first || !second) throw new Error('no points');
      expect(await found('zeppelin balloon')).toHaveLength(2);
      await given.stores.store.upsert([{ ...first, text: 'The airship rose.' }]);
      expect(await found('zeppelin')).toEqual([]);
      expect(await found('airship')).toEqual(['The airship rose.']);
      await given.stores.store.deletePoints(ALICE, [second.id]);
      expect(await found('balloon')).toEqual([]);
    });

    test('a limit of none gives none, and a text without words too', async () => {
      await write(ALICE, ['The lamp.']);
      expect(await found('lamp', {}, 0)).toEqual([]);
      for (const text of ['', ' \n', '…!?', 'the of and']) expect(await found(text)).toEqual([]);
    });

    test.each(AWKWARD_TEXTS)('%j is searched for without harm', async (text) => {
      await write(ALICE, [`lighthouse ${text}`, 'shore']);
      expect(await found(`lighthouse ${text}`)).toEqual([`lighthouse ${text}`]);
    });

    test.each(['a" OR "b', '+lamp -lamp', '(lamp', 'lamp~2', 'text:lamp', 'lam*', '\\', 'lamp AND NOT lamp'])(
      '%j is words, not a query language',
      async (text) => {
        await write(ALICE, ['The lamp.']);
        expect((await found(`${text} lamp`)).length).toBe(1);
      },
    );

    describe('filters', () => {
      const filters: readonly (readonly [string, SearchFilter, readonly string[]])[] = [
        ['library', { library: 'one' }, ['alice']],
        ['libraries', { libraries: ['one', "o'ther"] }, ['alice', 'carol']],
        ['libraries, and one that is none of them', { library: 'default', libraries: ['one'] }, []],
        ['no libraries', { libraries: [] }, []],
        ['book', { bookId: BOB }, ['bob']],
        ['title', { title: "The Keeper's Lamp" }, ['bob']],
        ['author', { author: 'Ada' }, ['alice', 'carol']],
        ['language', { language: 'de' }, ['bob']],
        ['format', { format: 'epub' }, ['carol']],
        ['section', { section: 'Storms' }, ['alice', 'bob']],
        ['pages that overlap', { pages: { from: 3, to: 5 } }, ['alice', 'bob']],
        ['pages from', { pages: { from: 6 } }, ['bob']],
        ['pages to', { pages: { to: 2 } }, ['alice']],
        ['years', { years: { from: 1900, to: 1950 } }, ['alice']],
        ['years up to', { years: { to: 1899 } }, ['bob']],
        ['a year', { years: { from: 1950, to: 1950 } }, ['alice']],
        ['two at once', { author: 'Ada', format: 'epub' }, ['carol']],
        ['none that fits', { author: 'Ada', language: 'de' }, []],
        ['nothing', {}, ['alice', 'bob', 'carol']],
      ];

      test('of every kind hold in both searches, before the limit', async () => {
        const text = 'The lamp.';
        await given.stores.store.upsert([
          ...bookPoints(ALICE, 'r1', 1, {
            ...{ text, library: 'one', author: 'Ada', year: 1950, language: 'en' },
            ...{ page: { start: 2, end: 3 }, section: ['Part I', 'Storms'] },
          }),
          ...bookPoints(BOB, 'r1', 1, {
            ...{ text, title: "The Keeper's Lamp", author: null, year: 1851, language: 'de' },
            ...{ page: { start: 5, end: 9 }, section: ['Storms', 'At sea'] },
          }),
          ...bookPoints(CAROL, 'r1', 1, {
            ...{ text, library: "o'ther", author: 'Ada', year: null, language: null, format: 'epub' },
            ...{ page: null, section: [] },
          }),
        ]);
        const names = new Map([ALICE, BOB, CAROL].map((id, n) => [id, ['alice', 'bob', 'carol'][n]]));
        for (const [what, filter, wanted] of filters) {
          const dense = await given.stores.store.search(
            unitVector('any'),
            filter,
            Math.max(1, wanted.length),
          );
          const lexical = await given.stores.store.searchText('lamp', filter, Math.max(1, wanted.length));
          for (const hits of [dense, lexical])
            expect([what, hits.map(({ bookId }) => names.get(bookId)).sort()]).toEqual([what, wanted]);
        }
      });
    });
  });
}
