import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pointRows, pointSchema } from '../../activities/adapters/lancedb/point-rows.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';

const DIMENSIONS = 3;
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'Straße', 'книга 𠮷', 'null'));
const point: fc.Arbitrary<StoredPoint> = fc.record({
  ...{ id: text, bookId: text, revision: text, library: text, text, title: text, format: text, path: text },
  ...{
    author: fc.option(text),
    language: fc.option(text),
    year: fc.option(fc.integer({ min: 0, max: 3_000 })),
  },
  ordinal: fc.nat(1_000),
  page: fc.constant(null),
  section: fc.array(text, { maxLength: 2 }),
  vector: fc.float32Array({ minLength: DIMENSIONS, maxLength: DIMENSIONS, noNaN: true }),
});

describe('points as rows of Arrow', () => {
  test('hold every text as it is, and none where there is none', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 20 }), (points) => {
        const table = pointRows(points, pointSchema(DIMENSIONS), DIMENSIONS);
        const column = (name: string): unknown[] => [...(table.getChild(name) ?? [])];
        expect(column('id')).toEqual(points.map(({ id }) => id));
        expect(column('text')).toEqual(points.map((one) => one.text));
        expect(column('author')).toEqual(points.map(({ author }) => author));
        expect(column('language')).toEqual(points.map(({ language }) => language));
        expect(table.getChild('author')?.nullCount).toBe(
          points.filter(({ author }) => author === null).length,
        );
      }),
    );
  });
});
