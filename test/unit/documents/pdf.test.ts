import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PageText } from '../../../activities/ports/documents.ts';
import { makePdf, pdfWithDamagedPage } from '../../helpers/broken-books.ts';
import { BookReader, texts, trails } from './book-reader.ts';

let books: BookReader;
beforeAll(async () => {
  books = await BookReader.open();
});
afterAll(() => books[Symbol.asyncDispose]());

const read = (name: string, content: string | Buffer) => books.read(name, content);

describe('PDF', () => {
  const pages = [
    'Winding the clock',
    'Setting the hands',
    'Oiling the train',
    'Ringing the bells',
    'Frost and snow',
  ];

  async function clockBook(): Promise<Buffer> {
    return await makePdf(
      (pdf) => {
        const { outline } = pdf;
        for (const [at, title] of pages.entries()) {
          pdf.addPage();
          pdf.fontSize(9).text(`The Tower Clock ${at + 1}`, 72, 40);
          pdf.fontSize(16).text(title, 72, 80);
          pdf
            .fontSize(11)
            .text(`The keeper does this ${at + 2} times a week. He never forgets. `.repeat(6), 72, 120);
          if (at !== 1) outline.addItem(title);
        }
      },
      {
        autoFirstPage: false,
        info: { Title: 'The Tower Clock', Author: 'T. Renk', CreationDate: new Date(Date.UTC(1987, 5)) },
      },
    );
  }

  test('gives pages with numbers, sections of the outline, and no running heads', async () => {
    const book = await read('clock.pdf', await clockBook());
    expect(book.meta).toEqual({
      format: 'pdf',
      title: 'The Tower Clock',
      author: 'T. Renk',
      language: null,
      year: 1987,
      units: 5,
      paged: true,
      engine: 'pdfium',
    });
    expect(book.units.map((unit) => unit.page)).toEqual([1, 2, 3, 4, 5]);
    expect(trails(book)).toEqual([pages[0], pages[0], pages[2], pages[3], pages[4]]);
    for (const [at, unit] of book.units.entries()) {
      expect(unit.text).not.toContain('The Tower Clock');
      expect(unit.text).toContain(
        `${pages[at]}\nThe keeper does this ${at + 2} times a week. He never forgets. The keeper`,
      );
    }
  });

  test('a page has the same text in whatever ranges the book is read', async () => {
    const whole = await read('ranges.pdf', await clockBook());
    await using document = await books.sandbox.open(whole.path);
    const backwards: PageText[] = [];
    for (let index = 4; index >= 0; index--) backwards.unshift(...(await document.read(index, index + 1)));
    expect(backwards).toEqual(whole.units);
    expect(await document.read(3, 99)).toEqual(whole.units.slice(3));
  });

  test('a title that a word processor made up gives way to the one on the cover', async () => {
    const cover = await makePdf(
      (pdf) => {
        pdf.fontSize(30).text('Letters from').text('the Salt Road');
        pdf.fontSize(14).text('Henrike Aldersund');
      },
      { info: { Title: 'Microsoft Word - salt7_final.doc', Author: 'user' } },
    );
    const { meta } = await read('cover.pdf', cover);
    expect([meta.title, meta.author]).toEqual(['Letters from the Salt Road', null]);
  });

  test('content decides: a PDF with another name and some bytes before it is a PDF', async () => {
    const { meta } = await read(
      'really-a-pdf.txt',
      Buffer.concat([Buffer.from('junk\n'), await clockBook()]),
    );
    expect(meta.format).toBe('pdf');
  });

  test('a page that is damaged is empty, and told of; the others are there', async () => {
    const { units } = await read('damaged.pdf', await pdfWithDamagedPage(5, 3));
    expect(units.map(({ unreadable = false }) => unreadable)).toEqual([false, false, true, false, false]);
    expect(units[2]?.text).toBe('');
    expect(units[3]?.text).toContain('Page 4 tells of a keeper');
  });

  test('what PDFium cannot load, pdf-parse may', async () => {
    const whole = (await clockBook()).toString('latin1');
    const pageTree = /\/Pages \d+ 0 R/.exec(whole)?.[0];
    const directRoot = whole.replace(/\/Root \d+ 0 R/, `/Root << /Type /Catalog ${pageTree} >>`);
    const book = await read('direct-root.pdf', Buffer.from(directRoot, 'latin1'));
    expect(book.meta).toMatchObject({
      engine: 'pdf-parse',
      title: 'The Tower Clock',
      author: 'T. Renk',
      year: 1987,
    });
    expect(book.units).toHaveLength(5);
    expect(texts(book)[2]).toMatch(/^Oiling the train\nThe keeper does this 4 times a week\. He never/);
  });
});
