/** What becomes of what the stores give: fused, joined, each thing once, few of each book. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { StoredPassage } from '../../activities/ports/vector-store.ts';
import { fuseRankings } from '../../activities/retrieval/fuse.ts';
import { groupPassages, type Ranked } from '../../activities/retrieval/group.ts';
import { joinPieces, overlapOf } from '../../activities/retrieval/join.ts';
import { isNearDuplicate, shinglesOf } from '../../activities/retrieval/near-duplicates.ts';
import { bookIdOf, bookPoints } from '../contract/store-fixtures.ts';

const ids = fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 10 });
const permutation = fc.shuffledSubarray([...'abcdefgh'], { minLength: 8 });
const fuse = (lists: readonly (readonly string[])[], weights: readonly number[] = []) =>
  fuseRankings(
    lists.map((items, at) => ({ items, weight: weights[at] ?? 1 })),
    (id) => id,
  );
const order = (lists: readonly (readonly string[])[]): string[] => fuse(lists).map(({ item }) => item);

describe('the fusion of rankings', () => {
  test('gives every item of any ranking once, best first, with scores of 0 to 1', () => {
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 4 }), (lists) => {
        const fused = fuse(lists);
        expect(fused.map(({ item }) => item).sort()).toEqual([...new Set(lists.flat())].sort());
        const scores = fused.map(({ score }) => score);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        expect(scores.every((score) => score > 0 && score <= 1 + 1e-9)).toBe(true);
      }),
    );
  });

  test('of one ranking, or of one and itself, is that ranking', () => {
    fc.assert(
      fc.property(ids, (list) => {
        expect(order([list])).toEqual(list);
        expect(order([list, list])).toEqual(list);
      }),
    );
  });

  test('does not put an item behind another that every ranking has behind it', () => {
    fc.assert(
      fc.property(permutation, permutation, (first, second) => {
        const fused = order([first, second]);
        for (const a of second)
          for (const b of second)
            if (first.indexOf(a) < first.indexOf(b) && second.indexOf(a) < second.indexOf(b))
              expect(fused.indexOf(a)).toBeLessThan(fused.indexOf(b));
      }),
    );
  });

  test('an item twice in a ranking counts once, where it came first', () => {
    expect(order([['a', 'b', 'a', 'a', 'c']])).toEqual(['a', 'b', 'c']);
    expect(fuse([['a', 'a', 'b']])).toEqual(fuse([['a', 'b']]));
  });

  test('is first what two rankings have second, not what one has first', () => {
    expect(
      order([
        ['x', 'both'],
        ['y', 'both'],
      ])[0],
    ).toBe('both');
  });

  test('a ranking that weighs more decides', () => {
    const lists = [
      ['a', 'b'],
      ['b', 'a'],
    ] as const;
    expect(fuse(lists, [1, 2])[0]?.item).toBe('b');
    expect(fuse(lists, [2, 1])[0]?.item).toBe('a');
  });
});

describe('joining', () => {
  const page = (start: number, end = start) => ({ start, end });

  test('leaves out what a chunk repeats of the one before it, and takes the pages of all', () => {
    const pieces = [
      { text: 'The keeper lit the lamp. He slept by day.', page: page(3) },
      { text: 'He slept by day. The boat came at noon.', page: page(3, 4) },
      { text: 'Oil was stored below.', page: page(6) },
    ];
    expect(joinPieces(pieces)).toEqual({
      text: 'The keeper lit the lamp. He slept by day. The boat came at noon.\nOil was stored below.',
      page: { start: 3, end: 6 },
    });
  });

  test('pieces without pages have none', () => {
    expect(joinPieces([{ text: 'One.', page: null }]).page).toBeNull();
    expect(
      joinPieces([
        { text: 'One.', page: null },
        { text: 'Two.', page: page(9) },
      ]).page,
    ).toEqual(page(9));
  });

  test('the overlap is the longest end of the one that the other begins with', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 40 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lengths = Array.from({ length: Math.min(before.length, after.length) + 1 }, (_, n) => n);
        const longest = lengths.findLast((n) => before.endsWith(after.slice(0, n))) ?? 0;
        expect(overlapOf(before, after)).toBe(longest >= 8 ? longest : 0);
      }),
    );
  });

  test('a text that is cut with any overlap and joined is the text again', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 30, maxLength: 60 });
    fc.assert(
      fc.property(words, fc.nat(15), (all, from) => {
        const numbered = all.map((word, n) => `${word}${n}`);
        const pieces = [numbered.slice(0, from + 12), numbered.slice(from, 100)];
        const texts = pieces.map((piece) => ({ text: piece.join(' '), page: null }));
        expect(joinPieces(texts).text).toBe(numbered.join(' '));
      }),
    );
  });
});

describe('near-duplicates', () => {
  const text = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');
  const same = (a: string, b: string): boolean => isNearDuplicate(shinglesOf(a), shinglesOf(b));

  test('are texts that differ in spaces, case or a word', () => {
    expect(same(text, text)).toBe(true);
    expect(same(text, text.toUpperCase().replaceAll(' ', '\n'))).toBe(true);
    expect(same(text, text.replace('word30', 'other'))).toBe(true);
    expect(same(text, `${text} one two three`)).toBe(true);
  });

  test('are not texts that share an eighth, nor a part of one another', () => {
    const next = Array.from({ length: 60 }, (_, n) => `word${n + 52}`).join(' ');
    expect(same(text, next)).toBe(false);
    expect(same(text, text.slice(0, 200))).toBe(false);
    expect(same('short text', 'other text')).toBe(false);
    expect(same('', 'lamp')).toBe(false);
  });
});

describe('grouping', () => {
  const limits = { groups: 10, perBook: 10, chunks: 3 };
  const chunk = (name: string, ordinal: number, revision = 'r1'): StoredPassage => {
    const [passage] = bookPoints(bookIdOf(name), revision, 1, {
      ...{ ordinal, id: `${name} ${revision} ${ordinal}` },
      text: [1, 2, 3, 4, 5, 6].map((n) => `${name}${revision}x${ordinal}y${n}`).join(' '),
    });
    if (!passage) throw new Error('no passage');
    return passage;
  };
  const ranked = (...passages: StoredPassage[]): Ranked[] =>
    passages.map((passage, rank) => ({ passage, score: 1 / (rank + 1) }));
  const grouped = (hits: readonly Ranked[], changes: Partial<typeof limits> = {}): number[][] =>
    groupPassages(hits, { ...limits, ...changes }).map(({ chunks }) => chunks.map(({ ordinal }) => ordinal));

  test('neighbours are one passage, in the order of the book, at the place of the better one', () => {
    const hits = ranked(chunk('alice', 5), chunk('bob', 1), chunk('alice', 4), chunk('alice', 6));
    expect(grouped(hits)).toEqual([[4, 5, 6], [1]]);
    expect(groupPassages(hits, limits)[0]?.best).toBe(hits[0]);
  });

  test('of another book or revision are no neighbours', () => {
    expect(grouped(ranked(chunk('alice', 5), chunk('bob', 4), chunk('alice', 6, 'r2')))).toEqual([
      [5],
      [4],
      [6],
    ]);
  });

  test('a passage has so many chunks at most; what is left begins another', () => {
    const hits = ranked(...[5, 4, 6, 7, 8].map((ordinal) => chunk('alice', ordinal)));
    expect(grouped(hits)).toEqual([
      [4, 5, 6],
      [7, 8],
    ]);
  });

  test('of each book there are so many at most', () => {
    const hits = ranked(...[1, 3, 5, 7].map((n) => chunk('alice', n)), chunk('bob', 1));
    expect(grouped(hits, { perBook: 2 })).toEqual([[1], [3], [1]]);
    expect(grouped(hits, { perBook: 1, groups: 1 })).toEqual([[1]]);
  });

  test('the same text is given once, whichever book it stands in', () => {
    const copy = { ...chunk('bob', 9), text: chunk('alice', 1).text };
    expect(grouped(ranked(chunk('alice', 1), copy, chunk('carol', 2)))).toEqual([[1], [2]]);
  });

  test('limits hold for any ranking, and no chunk is given twice', () => {
    const hits = fc
      .uniqueArray(fc.tuple(fc.constantFrom('alice', 'bob'), fc.nat(12)), {
        selector: ([name, ordinal]) => `${name} ${ordinal}`,
      })
      .map((all) => ranked(...all.map(([name, ordinal]) => chunk(name, ordinal))));
    fc.assert(
      fc.property(
        hits,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        (all, groups, perBook) => {
          const found = groupPassages(all, { groups, perBook, chunks: 3 });
          expect(found.length).toBeLessThanOrEqual(groups);
          for (const group of Map.groupBy(found, ({ best }) => best.passage.bookId).values())
            expect(group.length).toBeLessThanOrEqual(perBook);
          const chunks = found.flatMap((group) => group.chunks.map(({ id }) => id));
          expect(new Set(chunks).size).toBe(chunks.length);
          for (const group of found) {
            expect(group.chunks.length).toBeLessThanOrEqual(3);
            const [first] = group.chunks;
            expect(group.chunks.map(({ ordinal }) => ordinal)).toEqual(
              group.chunks.map((_, at) => (first?.ordinal ?? 0) + at),
            );
          }
          expect(found[0]?.best).toBe(all[0]);
        },
      ),
    );
  });
});
