import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assertInsideRoots } from '../../activities/sources/roots.ts';

const isInside = (path: string, roots: readonly string[]): boolean => {
  try {
    assertInsideRoots('/given', path, roots);
    return true;
  } catch {
    return false;
  }
};

describe('library roots', () => {
  test('unset, restrict nothing', () => {
    expect(isInside('/anywhere/at/all', [])).toBe(true);
  });

  test.each([
    ['/books', true],
    ['/books/a.pdf', true],
    ['/books/a/b/c.pdf', true],
    ['/more/a.pdf', true],
    ['/books2/a.pdf', false],
    ['/bookshelf', false],
    ['/boo', false],
    ['/', false],
    ['/etc/books/a.pdf', false],
    ['/BOOKS/a.pdf', false],
  ])('/books and /more/ hold %s: %s', (path, inside) => {
    expect(isInside(path, ['/books', '/more/'])).toBe(inside);
  });

  test('of / hold everything', () => {
    expect(isInside('/etc/passwd', ['/'])).toBe(true);
    expect(isInside('/', ['/'])).toBe(true);
  });

  test('hold exactly the paths whose first names are those of a root', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 });
    fc.assert(
      fc.property(names, fc.array(names, { minLength: 1, maxLength: 3 }), (path, roots) => {
        const expected = roots.some((root) => root.every((name, index) => path[index] === name));
        expect(isInside(pathOf(path), roots.map(pathOf))).toBe(expected);
      }),
    );
  });

  test('name the path that was given and the one it leads to', () => {
    expect(() => assertInsideRoots('/books/link.pdf', '/etc/passwd', ['/books'])).toThrow(
      expect.objectContaining({
        code: 'OUTSIDE_ROOTS',
        message: expect.stringMatching(/\/books\/link\.pdf.*\/etc\/passwd/),
      }),
    );
  });
});

function pathOf(names: readonly string[]): string {
  return `/${names.join('/')}`;
}
