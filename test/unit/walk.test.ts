import { execFile } from 'node:child_process';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatOfName } from '../../activities/adapters/documents/format-of-name.ts';
import { type Found, sourceError, walkSources } from '../../activities/sources/walk.ts';
import '../helpers/any-realm.ts';
import { type BookFolder, bookFolder } from '../helpers/book-folder.ts';
import { runModule } from '../helpers/source-process.ts';

const NOBODY = 65534;
const isBookName = (name: string): boolean => formatOfName(name) !== null;

describe('a folder', () => {
  test('gives the books below it, in the order of names, at every walk', async () => {
    await using folder = await bookFolder({ 'b.pdf': 'b', 'a/z.md': 'z', 'a/y.txt': 'y', 'c/d/e.epub': 'e' });
    const first = await walk([folder.path]);
    expect(summary(folder, first)).toEqual(['book a/y.txt', 'book a/z.md', 'book b.pdf', 'book c/d/e.epub']);
    expect(await walk([folder.path])).toEqual(first);
  });

  test('tells size and whole milliseconds of each book', async () => {
    await using folder = await bookFolder({ 'a.txt': 'twelve bytes' });
    const [book] = await walk([folder.path]);
    expect(book).toMatchObject({ kind: 'book', bytes: 12 });
    expect(book?.kind === 'book' && Number.isInteger(book.mtimeMs)).toBe(true);
  });

  test('passes over files of other kinds, and says of which', async () => {
    await using folder = await bookFolder({ 'a.txt': 'a', 'b.JPG': '', Makefile: '', 'c.tar.gz': '' });
    expect(summary(folder, await walk([folder.path]))).toEqual([
      'skipped (none)',
      'book a.txt',
      'skipped .jpg',
      'skipped .gz',
    ]);
  });

  test('keeps what begins with a dot to itself, unless a person names it', async () => {
    await using folder = await bookFolder({
      'a.txt': 'a',
      '.b.txt': 'b',
      '.git/c.txt': 'c',
      '.only/d.txt': 'd',
    });
    expect(summary(folder, await walk([folder.path]))).toEqual(['book a.txt']);
    expect(summary(folder, await walk([folder.at('.only'), folder.at('.b.txt')]))).toEqual([
      'book .only/d.txt',
      'book .b.txt',
    ]);
  });

  test('with a name of any kind gives its books', async () => {
    const names = [
      'with space.txt',
      `it's "quoted".txt`,
      'two\nlines.txt',
      '👩‍👩‍👧‍👦 书.txt',
      `${'x'.repeat(251)}.txt`,
      '-rf.txt',
      '$(id).txt',
      'a\\b.txt',
    ];
    await using folder = await bookFolder(
      Object.fromEntries(names.map((name) => [`in ${name}`.slice(-255), ''])),
    );
    const found = await walk([folder.path]);
    expect(found.map(({ kind }) => kind)).toEqual(names.map(() => 'book'));
    expect(new Set(found.map(({ path }) => path))).toEqual(
      new Set(names.map((name) => folder.at(`in ${name}`.slice(-255)))),
    );
  });

  test('with a name that is no UTF-8 fails for that name, and gives the other books', async () => {
    await using folder = await bookFolder({ 'good.txt': 'g' });
    await writeFile(
      Buffer.concat([Buffer.from(`${folder.path}/bad-`), Buffer.from([0xff]), Buffer.from('.txt')]),
      '',
    );
    const found = await walk([folder.path]);
    expect(found.map(({ kind }) => kind).sort()).toEqual(['book', 'failure']);
    expect(codes(found)).toEqual(['SOURCE_MISSING']);
    const failed = found.find(({ kind }) => kind === 'failure');
    expect(failed?.kind === 'failure' && failed.error.message).toContain('not UTF-8');
  });

  test('without any book, or without anything, is NO_BOOKS_FOUND', async () => {
    await using folder = await bookFolder({ 'pictures/a.jpg': '', 'empty/.keep': '' });
    expect(summary(folder, await walk([folder.at('pictures'), folder.at('empty')]))).toEqual([
      'skipped .jpg',
      'NO_BOOKS_FOUND pictures',
      'NO_BOOKS_FOUND empty',
    ]);
  });

  test('holds special files that nobody can read as books', async () => {
    await using folder = await bookFolder({ 'a.txt': 'a' });
    await promisify(execFile)('mkfifo', [folder.at('pipe.txt')]);
    expect(summary(folder, await walk([folder.path]))).toEqual(['book a.txt', 'skipped .txt']);
    expect(codes(await walk([folder.at('pipe.txt')]))).toEqual(['UNSUPPORTED_FORMAT']);
  });
});

describe('a path that a person names', () => {
  test('is SOURCE_MISSING when it is not there, whatever is wrong with it', async () => {
    await using folder = await bookFolder({ 'a.txt': 'a' });
    const paths = ['gone', 'gone/b.txt', 'a.txt/b.txt', 'a.txt/', 'x'.repeat(300)].map(folder.at);
    expect(codes(await walk(paths))).toEqual(paths.map(() => 'SOURCE_MISSING'));
  });

  test('is UNSUPPORTED_FORMAT when it is a file of another kind', async () => {
    await using folder = await bookFolder({ 'a.jpg': '' });
    expect(summary(folder, await walk([folder.at('a.jpg')]))).toEqual(['UNSUPPORTED_FORMAT a.jpg']);
  });

  test('fails alone', async () => {
    await using folder = await bookFolder({ 'a/b.txt': '', 'c.jpg': '' });
    const found = await walk([folder.at('gone'), folder.at('c.jpg'), folder.at('a')]);
    expect(summary(folder, found)).toEqual([
      'SOURCE_MISSING gone',
      'UNSUPPORTED_FORMAT c.jpg',
      'book a/b.txt',
    ]);
  });

  test('gives the same books under any spelling of it', async () => {
    await using folder = await bookFolder({ 'a/b.txt': '' });
    const plain = await walk([folder.at('a')]);
    for (const spelling of ['a/', './a', 'a/../a', 'a//'])
      expect(await walk([`${folder.path}/${spelling}`])).toEqual(plain);
  });

  test('gives each book once, however the paths overlap', async () => {
    await using folder = await bookFolder({ 'a/b.txt': '', 'a/c/d.txt': '', 'e.txt': '' });
    const paths = ['', 'a', 'a/c', 'a/c/d.txt', 'a/b.txt', 'e.txt'].map(folder.at);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(paths, { minLength: 1 }), async (given) => {
        const found = await walk(given);
        expect(codes(found)).toEqual([]);
        const books = found.map(({ path }) => path);
        expect(new Set(books).size).toBe(books.length);
        const isGiven = (file: string): boolean => given.some((path) => `${file}/`.startsWith(`${path}/`));
        const expected = ['a/b.txt', 'a/c/d.txt', 'e.txt'].map(folder.at).filter(isGiven);
        expect(new Set(books)).toEqual(new Set(expected));
      }),
      { numRuns: 60 },
    );
  });

  test('that fails is counted once, however often it is met', async () => {
    await using folder = await bookFolder({ 'a.txt': '' });
    await symlink(folder.at('gone.txt'), folder.at('dangling.txt'));
    const paths = [folder.at('gone'), folder.at('dangling.txt'), folder.path, folder.at('gone')];
    expect(summary(folder, await walk(paths))).toEqual([
      'SOURCE_MISSING gone',
      'SOURCE_MISSING dangling.txt',
      'book a.txt',
    ]);
  });
});

describe('a link', () => {
  test('is followed, to files and to folders, and the book has the path of the link', async () => {
    await using shelf = await bookFolder({ 'x/y.txt': '', 'z.pdf': '' });
    await using folder = await bookFolder({ 'a.txt': '' });
    await symlink(shelf.at('x'), folder.at('linked'));
    await symlink(shelf.at('z.pdf'), folder.at('b.pdf'));
    expect(summary(folder, await walk([folder.path]))).toEqual([
      'book a.txt',
      'book b.pdf',
      'book linked/y.txt',
    ]);
  });

  test('is a book by its own name', async () => {
    await using folder = await bookFolder({ 'real.bin': '' });
    await symlink(folder.at('real.bin'), folder.at('book.txt'));
    expect(summary(folder, await walk([folder.path]))).toEqual(['book book.txt', 'skipped .bin']);
  });

  test('that leads nowhere is SOURCE_MISSING, and the other books are found', async () => {
    await using folder = await bookFolder({ 'z.txt': '' });
    await symlink(folder.at('gone.txt'), folder.at('a.txt'));
    expect(summary(folder, await walk([folder.path]))).toEqual(['SOURCE_MISSING a.txt', 'book z.txt']);
  });

  test('that leads to itself, alone or by way of another, is SYMLINK_LOOP', async () => {
    await using folder = await bookFolder({ 'z.txt': '' });
    await symlink(folder.at('b'), folder.at('a'));
    await symlink(folder.at('a'), folder.at('b'));
    await symlink('self.txt', folder.at('self.txt'));
    expect(summary(folder, await walk([folder.path]))).toEqual([
      'SYMLINK_LOOP a',
      'SYMLINK_LOOP b',
      'SYMLINK_LOOP self.txt',
      'book z.txt',
    ]);
  });

  test('to a folder that holds it is SYMLINK_LOOP, and is not followed', async () => {
    await using folder = await bookFolder({ 'a/b/c.txt': '', 'a/d.txt': '' });
    await symlink(folder.path, folder.at('a/b/up'));
    await symlink('.', folder.at('a/here'));
    expect(summary(folder, await walk([folder.path]))).toEqual([
      'book a/b/c.txt',
      'SYMLINK_LOOP a/b/up',
      'book a/d.txt',
      'SYMLINK_LOOP a/here',
    ]);
  });

  test('between two folders ends the walk, and gives each folder once', async () => {
    await using folder = await bookFolder({ 'a/1.txt': '', 'b/2.txt': '' });
    await symlink(folder.at('b'), folder.at('a/to-b'));
    await symlink(folder.at('a'), folder.at('b/to-a'));
    const found = await walk([folder.path]);
    expect(summary(folder, found)).toEqual([
      'book a/1.txt',
      'skipped (another name)',
      'book b/2.txt',
      'skipped (another name)',
    ]);
  });

  test('to a book or folder that the walk meets by its own name is no second book, whichever comes first', async () => {
    await using folder = await bookFolder({ 'm.txt': '', 'n/o.txt': '' });
    for (const name of ['a', 'z']) {
      await symlink(folder.at('m.txt'), folder.at(`${name}-book.txt`));
      await symlink(folder.at('n'), folder.at(`${name}-folder`));
    }
    const books = (found: readonly string[]): string[] => found.filter((line) => !line.startsWith('skipped'));
    const own = ['book m.txt', 'book n/o.txt'];
    expect(books(summary(folder, await walk([folder.path])))).toEqual(own);
    const links = ['z-folder', 'a-book.txt', '', 'a-folder', 'z-book.txt'].map(folder.at);
    expect(books(summary(folder, await walk(links)))).toEqual(own);
    expect(books(summary(folder, await walk([folder.at('a-folder'), `${folder.path}/n/`])))).toEqual([
      'book n/o.txt',
    ]);
  });

  test('is the name of a book that has no other one below the paths, and the first of several is', async () => {
    await using shelf = await bookFolder({ 'x.txt': '', 'real.bin': '', '.hidden/h.txt': '' });
    await using folder = await bookFolder({});
    for (const name of ['b.txt', 'c.txt']) await symlink(shelf.at('x.txt'), folder.at(name));
    await symlink(shelf.at('.hidden/h.txt'), folder.at('d.txt'));
    await symlink(shelf.at('real.bin'), folder.at('e.txt'));
    const found = ['book b.txt', 'skipped (another name)', 'book d.txt', 'book e.txt'];
    expect(summary(folder, await walk([folder.path]))).toEqual(found);
    expect(summary(shelf, await walk([shelf.at('x.txt'), folder.at('c.txt')]))).toEqual([
      'book x.txt',
      'skipped (another name)',
    ]);
  });

  test('out of the library roots is OUTSIDE_ROOTS, as file, as folder, and as a named path', async () => {
    await using secret = await bookFolder({ 's.txt': '', 'deep/t.txt': '' });
    await using folder = await bookFolder({ 'a.txt': '' });
    await symlink(secret.at('s.txt'), folder.at('b.txt'));
    await symlink(secret.path, folder.at('c'));
    const roots = [folder.path];
    expect(summary(folder, await walk([folder.path, folder.at('c/deep')], roots))).toEqual([
      'book a.txt',
      'OUTSIDE_ROOTS b.txt',
      'OUTSIDE_ROOTS c',
      'OUTSIDE_ROOTS c/deep',
    ]);
    expect(codes(await walk([`${folder.path}/../..`], roots))).toEqual(['OUTSIDE_ROOTS']);
  });
});

describe('what the user of the workers may not read', () => {
  test('is SOURCE_UNREADABLE, and the other books are found', async () => {
    await using folder = await bookFolder({
      'a.txt': '',
      'b.txt': '',
      'closed/c.txt': '',
      'listed/d.txt': '',
    });
    await chmod(folder.at('b.txt'), 0);
    await chmod(folder.at('closed'), 0);
    // Its names can be read, and what they name can not.
    await chmod(folder.at('listed'), 0o444);
    expect(await walkAsNobody(folder.path)).toEqual([
      `book ${folder.at('a.txt')}`,
      `SOURCE_UNREADABLE ${folder.at('b.txt')}`,
      `SOURCE_UNREADABLE ${folder.at('closed')}`,
      `SOURCE_UNREADABLE ${folder.at('listed/d.txt')}`,
    ]);
    await chmod(folder.at('closed'), 0o755);
  });
});

test('an error of the file system names the path, and says what it was where there is no word for it', () => {
  const error = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
  expect(sourceError('/books/a.pdf', error)).toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringMatching(/\/books\/a\.pdf.*EIO/),
    cause: error,
  });
  expect(sourceError('/books/a.pdf', 'odd').message).toContain('odd');
});

test('a disk that is out of service is no fault of the file: books wait for it', () => {
  const error = Object.assign(new Error('ESTALE: stale file handle, read'), { code: 'ESTALE' });
  const { code, message, retryable } = sourceError('/books/a.pdf', error);
  expect({ code, retryable }).toEqual({ code: 'DISK_UNREACHABLE', retryable: true });
  expect(message).toMatch(/\/books\/a\.pdf.*ESTALE/);
});

function walk(paths: readonly string[], roots: readonly string[] = []): Promise<Found[]> {
  return Array.fromAsync(walkSources(paths, { roots, isBookName }));
}

function summary({ path: top }: BookFolder, found: readonly Found[]): string[] {
  return found.map((item) => {
    if (item.kind === 'skipped') return `skipped ${item.ending}`;
    const path = item.path.replace(`${top}/`, '');
    return item.kind === 'book' ? `book ${path}` : `${item.error.code} ${path}`;
  });
}

function codes(found: readonly Found[]): string[] {
  return found.flatMap((item) => (item.kind === 'failure' ? [item.error.code] : []));
}

/** Root may read everything, so the walk is done by another user where the tests run as root. */
async function walkAsNobody(path: string): Promise<string[]> {
  const code = `
    import { walkSources } from './activities/sources/walk.ts';
    const [path, user] = process.argv.slice(2);
    if (process.getuid?.() === 0) {
      process.setgroups?.([]);
      process.setgid?.(Number(user));
      process.setuid?.(Number(user));
    }
    const options = { roots: [], isBookName: (name: string) => name.endsWith('.txt') };
    const found = await Array.fromAsync(walkSources([path], options));
    console.log(JSON.stringify(found.map((item) => (item.kind === 'failure' ? item.error.code : item.kind) + ' ' + item.path)));`;
  const { stdout, stderr } = await runModule(code, [path, String(NOBODY)]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}
