import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { z } from 'zod';
import { NOT_CARRIED } from '../../workflows/carried-contract.ts';
import {
  askInput,
  ingestBookId,
  ingestLibraryId,
  ingestLibraryInput,
  libraryName,
  listBooksInput,
  searchInput,
  taskQueues,
} from '../../workflows/contract.ts';
import { ingestJobsInput } from '../../workflows/job-contract.ts';

/** What a schema finds wrong, each with the field's name; empty when nothing is. */
function problemsOf(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

describe('the input of a run', () => {
  test('needs paths alone, and is then for library default, five books at once', () => {
    expect(ingestLibraryInput.parse({ paths: ['/books'] })).toEqual({
      paths: ['/books'],
      library: 'default',
      parallel: 5,
      prune: false,
      force: false,
    });
  });

  test.each(['/books', '/', '/a b/ü.pdf', 'C:\\Books', 'c:/Books', '\\\\server\\share\\a.pdf'])(
    'takes the absolute path %s',
    (path) => {
      expect(problemsOf(ingestLibraryInput, { paths: [path] })).toEqual([]);
    },
  );

  test.each(['books', './books', '../books', '~/books', '', ' /books', 'C:books', 'file:///books'])(
    'refuses the path %j, which is not absolute, and says which it was',
    (path) => {
      expect(problemsOf(ingestLibraryInput, { paths: ['/good', path] })).toEqual([
        'paths.1: a path must be absolute',
      ]);
    },
  );

  test('refuses more text of paths than a payload carries, and says what to do', () => {
    const paths = (count: number, length: number, letter: string): string[] =>
      Array.from({ length: count }, () => `/${letter.repeat(length)}`);
    expect(problemsOf(ingestLibraryInput, { paths: paths(9_000, 100, 'x') })).toEqual([]);
    for (const many of [paths(9_000, 120, 'x'), paths(9_000, 40, '書')])
      expect(problemsOf(ingestLibraryInput, { paths: many })).toEqual([
        'paths: all paths together have at most 1,000,000 bytes; name folders instead of files',
      ]);
  });

  test('refuses no path at all, and what is no list', () => {
    expect(problemsOf(ingestLibraryInput, { paths: [] })).toEqual([
      'paths: name at least one file or folder',
    ]);
    for (const paths of [undefined, null, '/books', [1]])
      expect(problemsOf(ingestLibraryInput, { paths })[0]).toMatch(/^paths/);
  });

  test.each([0, -1, 501, 1.5, '5', null, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses parallel %p',
    (parallel) => {
      expect(problemsOf(ingestLibraryInput, { paths: ['/b'], parallel })[0]).toMatch(/^parallel: /);
    },
  );

  test.each([1, 500])('takes parallel %p', (parallel) => {
    expect(problemsOf(ingestLibraryInput, { paths: ['/b'], parallel })).toEqual([]);
  });

  test('names every field that is wrong at once', () => {
    const problems = problemsOf(ingestLibraryInput, { paths: ['x'], library: '/', parallel: 0 });
    expect(problems.map((problem) => problem.replace(/:.*/, ''))).toEqual(['paths.0', 'library', 'parallel']);
  });
});

describe('what a workflow carries along', () => {
  const scan = { manifestKey: 'm', toIngest: 1, unchanged: 0, failed: 0, failures: [], skippedFiles: {} };
  const counts = { cursor: 0, ingested: 0, failed: 0, cancelled: 0, chunks: 0 };
  /** As version 0.1 carried it. */
  const oldest = { scan, ...counts, running: [], failures: [], startedAtMs: 1, cancelling: false };
  const problems = (carried: unknown) => problemsOf(ingestLibraryInput, { paths: ['/b'], carried });

  test('is taken as it is, with fields that are not known', () => {
    const carried = { ...oldest, paused: true, taken: [3], later: { x: 1 } };
    expect(problems(oldest)).toEqual([]);
    expect(ingestLibraryInput.parse({ paths: ['/b'], carried }).carried).toBe(carried);
  });

  test.each([
    {},
    null,
    [],
    'x',
    { ...oldest, scan: {} },
    { ...oldest, running: {} },
    { ...oldest, taken: 5 },
    { ...oldest, front: [{}] },
    { ...oldest, samples: 'x' },
  ])('is refused by the name of its field when it is nothing that a run carries: %j', (carried) => {
    expect(problems(carried)).toEqual([`carried: ${NOT_CARRIED}`]);
  });

  test('by jobs is held against its shape, too', () => {
    const problemsOfJobs = (carried: unknown) => problemsOf(ingestJobsInput, { library: 'l', carried });
    expect(problemsOfJobs({ waiting: [], ended: [] })).toEqual([]);
    expect(problemsOfJobs({})).toEqual([`carried: ${NOT_CARRIED}`]);
  });
});

describe.each([
  ['a run', ingestLibraryInput, { paths: ['/b'] }],
  ['a question', askInput, { question: 'Who?' }],
  ['a search', searchInput, { query: 'lamps' }],
  ['a listing', listBooksInput, {}],
] as const)('the input of %s', (_, schema, good) => {
  test('refuses a field that it does not know, by its name', () => {
    expect(problemsOf(schema, good)).toEqual([]);
    expect(problemsOf(schema, { ...good, librray: 'x' }).join()).toContain('librray');
  });

  test.each([null, undefined, 'text', 42, []])('refuses %p', (value) => {
    expect(problemsOf(schema, value)).not.toEqual([]);
  });

  test('takes names of libraries only', () => {
    expect(problemsOf(schema, { ...good, library: 'a/b' })[0]).toMatch(/^library: a library name has/);
  });
});

describe('the name of a library', () => {
  test.each(['a', '1', 'default', 'R-manuals_2.0', 'Bücher', '図書館', 'x'.repeat(64)])(
    'may be %s',
    (name) => {
      expect(problemsOf(libraryName, name)).toEqual([]);
    },
  );

  test.each([
    '',
    ' ',
    'a b',
    'a/b',
    '../a',
    '.hidden',
    '-rf',
    '_x',
    'a\n',
    'a"b',
    "a'b",
    'a%b',
    'x'.repeat(65),
    '👍',
  ])('may not be %j', (name) => {
    expect(problemsOf(libraryName, name)).toHaveLength(1);
  });

  test('can’t make the ids of two things meet', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '.', '-', '/', '_'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(name, name, fc.uuid(), (a, b, bookId) => {
        fc.pre([a, b].every((each) => libraryName.safeParse(each).success));
        expect(ingestLibraryId(a)).not.toBe(ingestBookId(b, bookId));
        expect(ingestLibraryId(a) === ingestLibraryId(b)).toBe(a === b);
      }),
    );
  });
});

describe.each([
  ['question', askInput],
  ['query', searchInput],
] as const)('a %s', (field, schema) => {
  test('is answered from ten passages unless told otherwise', () => {
    expect(schema.parse({ [field]: 'Who?' })).toEqual({ [field]: 'Who?', topK: 10 });
  });

  test.each(['', ' ', '?!', '\n\t', '👍', '…'])('%j asks nothing, and is refused', (text) => {
    expect(problemsOf(schema, { [field]: text })).toEqual([
      `${field}: a question needs at least one letter or digit`,
    ]);
  });

  test('may be in any script, a number, and 8,000 characters long, but not longer', () => {
    for (const text of ['ランプ', '42', 'Кто?', 'x'.repeat(8_000)])
      expect(problemsOf(schema, { [field]: text })).toEqual([]);
    expect(problemsOf(schema, { [field]: 'x'.repeat(8_001) })).toEqual([
      `${field}: a question has at most 8,000 characters`,
    ]);
  });

  test.each([0, -1, 101, 2.5, '10', null])('refuses topK %p', (topK) => {
    expect(problemsOf(schema, { [field]: 'Who?', topK })[0]).toMatch(/^topK: /);
  });

  test.each([1, 100])('takes topK %p', (topK) => {
    expect(problemsOf(schema, { [field]: 'Who?', topK })).toEqual([]);
  });
});

test('a listing gives at most 200 books a page, of a known state', () => {
  expect(listBooksInput.parse({})).toEqual({ limit: 200 });
  expect(problemsOf(listBooksInput, { limit: 201 })[0]).toMatch(/^limit: /);
  expect(problemsOf(listBooksInput, { state: 'broken' })[0]).toMatch(/^state: /);
});

test('the queues are those of the documentation, each its own', () => {
  expect(taskQueues.main).toBe('scriptorium');
  expect(new Set(Object.values(taskQueues)).size).toBe(4);
});
