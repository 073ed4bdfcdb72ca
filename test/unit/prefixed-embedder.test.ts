import { expect, jest, test } from '@jest/globals';
import { PrefixedEmbedder } from '../../activities/adapters/prefixed-embedder.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';

function embedderOf(prefixes: { question: string; passage: string }) {
  const embed = jest.fn<Embedder['embed']>(async (texts) => texts.map(() => Float32Array.of(1)));
  const inner: Embedder = {
    ...{ id: 'model', dimensions: 1, maxTokens: 512, booksAtOnce: 7, chunksAtOnce: 9, busy: true, embed },
    [Symbol.asyncDispose]: async () => {},
  };
  return { embed, embedder: new PrefixedEmbedder(inner, prefixes, 3) };
}

test('texts get the prefix of their kind, and passages have as much less room', async () => {
  const { embed, embedder } = embedderOf({ question: 'query: ', passage: 'passage: ' });
  await embedder.embed(['a', 'b'], { kind: 'question' });
  await embedder.embed(['c']);
  expect(embed.mock.calls.map(([texts]) => texts)).toEqual([['query: a', 'query: b'], ['passage: c']]);
  expect(embed.mock.calls[0]?.[1]).toMatchObject({ kind: 'question' });
  expect(embedder).toMatchObject({
    maxTokens: 509,
    dimensions: 1,
    booksAtOnce: 7,
    chunksAtOnce: 9,
    busy: true,
  });
});

test('other prefixes are another embedder', () => {
  const ids = [
    { question: 'a', passage: '' },
    { question: '', passage: 'a' },
    { question: 'a', passage: 'a' },
  ].map((prefixes) => embedderOf(prefixes).embedder.id);
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id).toMatch(/^model\/[\da-f]{12}$/);
});
