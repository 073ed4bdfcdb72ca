import { describe, expect, test } from '@jest/globals';
import {
  chunksKeyOf,
  fingerprintOf,
  type Pipeline,
  pagesKeyOf,
  revisionOf,
  vectorsKeyOf,
} from '../../activities/pipeline.ts';

const pipeline: Pipeline = {
  extractor: 'e1',
  chunker: 'c1',
  chunking: { maxTokens: 256, overlapTokens: 32 },
  tokenizerPath: '/models/tokenizer.json',
  embedderId: 'm1',
  dimensions: 384,
};

const changes: Readonly<Record<string, Partial<Pipeline>>> = {
  extractor: { extractor: 'e2' },
  chunker: { chunker: 'c2' },
  'chunk size': { chunking: { maxTokens: 128, overlapTokens: 32 } },
  overlap: { chunking: { maxTokens: 256, overlapTokens: 16 } },
  model: { embedderId: 'm2' },
};

/** Everything that is named after a book's content and the pipeline. */
function namesOf(sha256: string, by: Pipeline) {
  const pages = pagesKeyOf(sha256, by);
  const chunks = chunksKeyOf(pages, by);
  return { pages, chunks, vectors: vectorsKeyOf(chunks, by), revision: revisionOf(sha256, by) };
}

describe('the pipeline fingerprint', () => {
  test.each(Object.entries(changes))('changes with the %s', (_, change) => {
    expect(fingerprintOf({ ...pipeline, ...change })).not.toBe(fingerprintOf(pipeline));
  });

  test('does not change with where the tokenizer lies', () => {
    expect(fingerprintOf({ ...pipeline, tokenizerPath: '/elsewhere.json' })).toBe(fingerprintOf(pipeline));
  });

  test('tells apart numbers that look alike side by side', () => {
    const of = (maxTokens: number, overlapTokens: number): string =>
      fingerprintOf({ ...pipeline, chunking: { maxTokens, overlapTokens } });
    expect(of(25, 632)).not.toBe(of(256, 32));
  });
});

describe('artifacts and revisions', () => {
  test('are named alike for the same content and pipeline', () => {
    expect(namesOf('abc', { ...pipeline })).toEqual(namesOf('abc', pipeline));
  });

  test('are named otherwise for other content', () => {
    const [a, b] = [namesOf('abc', pipeline), namesOf('abd', pipeline)];
    expect(new Set([...Object.values(a), ...Object.values(b)]).size).toBe(8);
  });

  test.each(Object.entries(changes))(
    'are made anew from the changed %s on, and kept before it',
    (what, change) => {
      const [before, after] = [namesOf('abc', pipeline), namesOf('abc', { ...pipeline, ...change })];
      expect(after.pages === before.pages).toBe(what !== 'extractor');
      expect(after.chunks).not.toBe(before.chunks);
      expect(after.vectors).not.toBe(before.vectors);
      expect(after.revision).not.toBe(before.revision);
    },
  );

  test('of a text depend on what its name says of it, and of no more', () => {
    const pagesOf = (path?: string): string => pagesKeyOf('abc', pipeline, path);
    expect(pagesOf('/a/notes.md')).toBe(pagesOf('/b/OTHER.Markdown'));
    expect(pagesOf('/a/page.htm')).toBe(pagesOf('/a/page.xhtml'));
    expect(pagesOf('/a/notes.txt')).toBe(pagesOf('/b/book.pdf'));
    expect(pagesOf('/a/notes.txt')).toBe(pagesOf());
    expect(new Set(['/a.md', '/a.html', '/a.txt'].map(pagesOf)).size).toBe(3);
  });

  test('are of one kind each', () => {
    expect(Object.values(namesOf('abc', pipeline)).map((key) => key.replace(/[0-9a-f]{32}/, '#'))).toEqual([
      'pages/#',
      'chunks/#',
      'vectors/#',
      '#',
    ]);
  });
});
