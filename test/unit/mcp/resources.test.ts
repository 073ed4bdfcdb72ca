import { describe, expect, test } from '@jest/globals';
import { type Connected, connected, everything } from './connected.ts';
import { book, bookId } from './fake-service.ts';

const uri = `scriptorium://books/${bookId}`;
const template = 'scriptorium://books/{bookId}';

describe('books as resources', () => {
  test('are told of by two templates', async () => {
    await using to = await connected();
    const { resourceTemplates } = await to.client.listResourceTemplates();
    const templates = resourceTemplates.map(({ uriTemplate }) => uriTemplate);
    expect(templates).toEqual([template, `${template}/pages/{n}`]);
  });

  test('are listed two hundred at a time, library by library', async () => {
    await using to = await connected({ principal: { ...everything, libraries: ['a', 'b'] } });
    to.service.instead.books = async ({ library, after }) => ({
      books: [{ ...book, title: `${library} ${after ? 2 : 1}` }],
      next: library === 'a' && !after ? bookId : null,
    });
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await to.client.listResources(cursor === undefined ? {} : { cursor });
      names.push(...page.resources.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(['a 1', 'a 2', 'b 1']);
    expect(to.service.asked.map(({ args }) => args[0])).toEqual([
      { library: 'a', state: 'ingested', limit: 200 },
      { library: 'a', state: 'ingested', limit: 200, after: bookId },
      { library: 'b', state: 'ingested', limit: 200 },
    ]);
  });

  test.each(['nonsense', Buffer.from('[9,null]').toString('base64url')])(
    'a cursor that the list never gave shows nothing: %s',
    async (cursor) => {
      await using to = await connected();
      const listed = await to.client.listResources({ cursor }).catch(() => ({ resources: [] }));
      expect(listed.resources).toEqual([]);
      expect(to.service.asked).toEqual([]);
    },
  );

  test('give what is known of a book', async () => {
    await using to = await connected();
    const { contents } = await to.client.readResource({ uri });
    expect(contents).toMatchObject([{ uri, mimeType: 'application/json' }]);
    const [first] = contents;
    expect(JSON.parse(first && 'text' in first ? first.text : '')).toMatchObject({
      bookId,
      title: 'The Clock',
    });
  });

  test('give the text of a page, as a quotation with its place', async () => {
    await using to = await connected();
    const { contents } = await to.client.readResource({ uri: `${uri}/pages/3` });
    expect(contents).toEqual([
      {
        ...{ uri: `${uri}/pages/3`, mimeType: 'text/markdown' },
        text: 'Quotation from The Clock (V. Ellmar), page 3, Winding (3 of 12):\n\n> line one\n> line two',
      },
    ]);
  });

  test.each([
    ['scriptorium://books/nothing', /BOOK_NOT_FOUND/],
    [`scriptorium://books/${bookId.replace('6', '7')}`, /BOOK_NOT_FOUND/],
    [`${uri}/pages/13`, /PAGE_NOT_FOUND: .*12 pages/],
    [`${uri}/pages/0`, /PAGE_NOT_FOUND/],
    [`${uri}/pages/x`, /PAGE_NOT_FOUND/],
  ])('%s is not there', async (wrong, message) => {
    await using to = await connected();
    await expect(to.client.readResource({ uri: wrong })).rejects.toMatchObject({
      ...{ code: -32_002, message: expect.stringMatching(message) },
    });
  });
});

describe('completion', () => {
  async function complete(
    { client }: Connected,
    of: string,
    argument: { readonly name: string; readonly value: string },
    given?: Record<string, string>,
  ): Promise<readonly string[]> {
    const ref = { type: 'ref/resource', uri: of } as const;
    const context = given && { context: { arguments: given } };
    return (await client.complete({ ref, argument, ...context })).completion.values;
  }

  test('knows ids by their beginning, and by titles', async () => {
    await using to = await connected();
    expect(await complete(to, template, { name: 'bookId', value: '6f2a' })).toEqual([bookId]);
    expect(await complete(to, template, { name: 'bookId', value: '9' })).toEqual([]);
    expect(await complete(to, template, { name: 'bookId', value: 'Clock' })).toEqual([bookId]);
    expect(to.service.asked.map(({ args }) => args[0])).toEqual([
      { limit: 100, after: '6f2a0000-0000-5000-8000-000000000000' },
      { limit: 100, after: '90000000-0000-5000-8000-000000000000' },
      { limit: 100, title: 'Clock' },
    ]);
  });

  test('knows the pages of a book', async () => {
    await using to = await connected();
    const pages = `${template}/pages/{n}`;
    expect(await complete(to, pages, { name: 'n', value: '1' }, { bookId })).toEqual(['1', '10', '11', '12']);
    expect(await complete(to, pages, { name: 'n', value: '1' })).toEqual([]);
  });
});
