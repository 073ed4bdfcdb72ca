import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { version as uuidVersion, validate } from 'uuid';
import { bookIdOf, chunkIdOf, hashOf } from '../../activities/naming.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });

describe('a book id', () => {
  test('is a UUIDv5 that follows from library and path alone', () => {
    const id = bookIdOf('default', '/books/a.pdf');
    expect(validate(id) && uuidVersion(id)).toBe(5);
    expect(bookIdOf('default', '/books/a.pdf')).toBe(id);
  });

  test('stays what it was in released versions', () => {
    expect(bookIdOf('default', '/books/a.pdf')).toBe('a373a505-9805-50bc-93fe-f4fb3a85700f');
    expect(chunkIdOf('a373a505-9805-50bc-93fe-f4fb3a85700f', 'r1', 0)).toBe(
      'c62912a5-db4e-539b-ac59-8e00c608663f',
    );
    expect(hashOf('a', 'b')).toBe('facdde7abf1eac5b301273ab2e282f79');
  });

  test('differs by library and by path', () => {
    const ids = ['a', 'b'].flatMap((library) => ['/a', '/b', '/a/b'].map((path) => bookIdOf(library, path)));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a chunk id', () => {
  test('differs by book, revision and ordinal', () => {
    const books = [bookIdOf('l', '/a'), bookIdOf('l', '/b')];
    const ids = books.flatMap((book) =>
      ['r1', 'r2', 'r11'].flatMap((revision) => [0, 1, 11, 111].map((n) => chunkIdOf(book, revision, n))),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => validate(id))).toBe(true);
  });
});

describe('a hash', () => {
  test('is 32 hex digits', () => {
    fc.assert(fc.property(fc.array(text), (parts) => /^[0-9a-f]{32}$/.test(hashOf(...parts))));
  });

  test('differs for any two lists, though put together they are the same text', () => {
    fc.assert(
      fc.property(fc.array(text), fc.array(text), (a, b) => {
        expect(hashOf(...a) === hashOf(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    const splits = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['abc', ''],
      ['', 'abc'],
      ['1:a', 'bc'],
      ['a1:b', 'c'],
    ];
    expect(new Set(splits.map((parts) => hashOf(...parts))).size).toBe(splits.length);
  });
});
