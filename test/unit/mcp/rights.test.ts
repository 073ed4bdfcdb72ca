/** Who may do what: tools that are not allowed are not seen, and libraries that are not allowed are not there. */
import { describe, expect, test } from '@jest/globals';
import { connected, everything } from './connected.ts';
import { bookId, jobOf } from './fake-service.ts';

const asking = ['search', 'ask', 'list_books', 'explain'];
const ingesting = ['ingest', 'ingest_status'];
const uri = `scriptorium://books/${bookId}`;

describe('scopes', () => {
  test.each([
    [['ask'], asking],
    [['ingest'], ingesting],
    [
      ['ask', 'ingest'],
      [...asking, ...ingesting],
    ],
    [['admin'], [...asking, ...ingesting]],
  ] as const)('a key with %j sees %j', async (scopes, listed) => {
    await using to = await connected({ principal: { scopes, libraries: null, name: 'reader' } });
    const { tools } = await to.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(listed);
  });

  test('a tool that is not listed is refused, whatever it is given', async () => {
    const principal = { scopes: ['ask'], libraries: null, name: 'reader' } as const;
    await using to = await connected({ principal });
    const { text, code } = await to.call('ingest', { paths: ['/books'] });
    expect(code).toBe('FORBIDDEN');
    expect(text).toMatch(/^FORBIDDEN: The key reader lacks the scope ingest\. Use a key/);
    expect(to.service.asked).toEqual([]);
  });

  test('resources need the right to ask', async () => {
    await using to = await connected({ principal: { scopes: ['ingest'], libraries: null } });
    await expect(to.client.listResources()).rejects.toThrow(/FORBIDDEN/);
    await expect(to.client.readResource({ uri })).rejects.toThrow(/FORBIDDEN/);
    const ref = { type: 'ref/resource', uri: 'scriptorium://books/{bookId}' } as const;
    const argument = { name: 'bookId', value: '' };
    await expect(to.client.complete({ ref, argument })).rejects.toThrow(/FORBIDDEN/);
    expect(to.service.asked).toEqual([]);
  });
});

describe('libraries', () => {
  test.each([
    ['search', { query: 'x', library: 'secret' }],
    ['ask', { question: 'x', library: 'secret' }],
    ['list_books', { library: 'secret' }],
    ['ingest', { paths: ['/books'], library: 'secret' }],
  ])('%s %j of another one is FORBIDDEN', async (name, args) => {
    await using to = await connected({ principal: { ...everything, libraries: ['default'], name: 'r' } });
    expect((await to.call(name, args)).code).toBe('FORBIDDEN');
    expect(to.service.asked).toEqual([]);
  });

  test.each([
    ['search', { query: 'x' }, [expect.objectContaining({ library: 'theses' })]],
    ['ask', { question: 'x' }, [expect.objectContaining({ library: 'theses' })]],
    ['list_books', {}, [expect.objectContaining({ library: 'theses' })]],
    ['ingest', { paths: ['/books'] }, ['theses', ['/books'], { parallel: 5 }]],
  ])('%s takes the only one that is allowed', async (name, args, asked) => {
    await using to = await connected({ principal: { ...everything, libraries: ['theses'] } });
    expect((await to.call(name, args)).isError).toBe(false);
    expect(to.service.asked[0]?.args).toEqual(asked);
  });

  test.each([
    ['search', { query: 'x' }],
    ['ask', { question: 'x' }],
    ['list_books', {}],
  ])('%s looks in all that are allowed, where several are', async (name, args) => {
    await using to = await connected({ principal: { ...everything, libraries: ['a', 'b'] } });
    expect((await to.call(name, args)).isError).toBe(false);
    expect(to.service.asked[0]?.args).toEqual([expect.objectContaining({ libraries: ['a', 'b'] })]);
    await to.call(name, { ...args, library: 'b' });
    expect(to.service.asked[1]?.args).toEqual([expect.objectContaining({ library: 'b' })]);
    expect(to.service.asked[1]?.args).toEqual([expect.not.objectContaining({ libraries: ['a', 'b'] })]);
  });

  test('nobody widens them', async () => {
    await using to = await connected({ principal: { ...everything, libraries: ['a', 'b'] } });
    expect((await to.call('search', { query: 'x', libraries: ['a', 'c'] })).code).toBe('INVALID_ARGUMENT');
  });

  test('books are handed in to one that is named', async () => {
    await using to = await connected({ principal: { ...everything, libraries: ['a', 'b'], name: 'r' } });
    const { text } = await to.call('ingest', { paths: ['/books'] });
    expect(text).toMatch(/^INVALID_ARGUMENT: library: .*a, b/);
  });

  test('what is explained or looked at of another one is as if it were not there', async () => {
    await using to = await connected({ principal: { ...everything, libraries: ['theses'] } });
    expect((await to.call('explain', { id: 'ingest/default' })).code).toBe('BOOK_NOT_FOUND');
    expect((await to.call('ingest_status', { jobId: jobOf('default').jobId })).code).toBe('JOB_NOT_FOUND');
    await expect(to.client.readResource({ uri })).rejects.toThrow(/BOOK_NOT_FOUND/);
    await expect(to.client.readResource({ uri: `${uri}/pages/1` })).rejects.toThrow(/BOOK_NOT_FOUND/);
    expect(to.service.asked.filter(({ method }) => method === 'page')).toEqual([]);
  });
});
