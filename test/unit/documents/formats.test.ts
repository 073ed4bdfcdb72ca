import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Document, HeadingLevel, Packer, Paragraph, Table, TableCell, TableRow } from 'docx';
import iconv from 'iconv-lite';
import { engineVersions } from '../../../activities/adapters/documents/fingerprints.ts';
import { formatOfName } from '../../../activities/adapters/documents/format-of-name.ts';
import { markdownPieces } from '../../../activities/adapters/documents/markdown-pieces.ts';
import { epubEntries, makeZip } from '../../helpers/broken-books.ts';
import { BookReader, texts, trails } from './book-reader.ts';

let books: BookReader;
beforeAll(async () => {
  books = await BookReader.open();
});
afterAll(() => books[Symbol.asyncDispose]());

const read = (name: string, content: string | Buffer) => books.read(name, content);

describe('EPUB', () => {
  const package3 =
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">' +
    '<dc:title>Karst Hill</dc:title><dc:creator>Ines Valdarno</dc:creator><dc:creator>B. Two</dc:creator>' +
    '<dc:language>en-GB</dc:language><dc:date>1999-04-01</dc:date></metadata><manifest>' +
    '<item id="b" href="text/b%20b.xhtml" media-type="application/xhtml+xml"/>' +
    '<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>' +
    '<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>' +
    '<item id="x" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>' +
    '<spine toc="x"><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>';
  const entries = {
    ...epubEntries([]),
    'OPS/book.opf': package3,
    'OPS/text/a.xhtml':
      '<html><head><title>x</title></head><body><h1>1. A dome</h1><p>The dome &amp; its&nbsp;cost.</p>' +
      '<h2 id="tram">The tram</h2><p>Six trams came.</p></body></html>',
    'OPS/text/b b.xhtml': '<html><body><p>Continued here.</p><h3>Aside</h3><p>A goose.</p></body></html>',
  };
  const nav =
    '<html xmlns:epub="http://www.idpf.org/2007/ops"><body><nav epub:type="landmarks"><ol><li><a href="text/a.xhtml">Start</a></li></ol></nav>' +
    '<nav epub:type="toc"><ol><li><a href="text/a.xhtml">A dome</a><ol><li><a href="text/a.xhtml#tram">A tram</a></li></ol></li></ol></nav></body></html>';
  const ncx =
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>A dome</text></navLabel><content src="text/a.xhtml"/>' +
    '<navPoint><navLabel><text>A tram</text></navLabel><content src="text/a.xhtml#tram"/></navPoint></navPoint></navMap></ncx>';

  test.each([
    ['the navigation document of EPUB 3', { 'OPS/nav.xhtml': nav }],
    ['the NCX of EPUB 2', { 'OPS/toc.ncx': ncx }],
  ])('reads the spine in order, under the titles of %s', async (_, contents) => {
    const book = await read('karst.epub', await makeZip({ ...entries, ...contents }));
    expect(book.meta).toMatchObject({
      format: 'epub',
      title: 'Karst Hill',
      author: 'Ines Valdarno, B. Two',
      language: 'en-GB',
      year: 1999,
      paged: false,
    });
    expect(book.units.map((unit) => [unit.section.join(' > '), unit.text, unit.page])).toEqual([
      ['A dome', '1. A dome\n\nThe dome & its cost.', null],
      ['A dome > A tram > The tram', 'The tram\n\nSix trams came.', null],
      ['A dome > A tram', 'Continued here.', null],
      ['A dome > A tram > Aside', 'Aside\n\nA goose.', null],
    ]);
  });

  test('a picture among its pages is passed over', async () => {
    const withPicture = package3
      .replace('</manifest>', '<item id="p" href="cover.jpg" media-type="image/jpeg"/></manifest>')
      .replace('<itemref idref="a"/>', '<itemref idref="p"/><itemref idref="a"/>');
    const picture = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0, 1, 2, 3]);
    const zip = await makeZip({ ...entries, 'OPS/book.opf': withPicture, 'OPS/cover.jpg': picture });
    expect(texts(await read('picture.epub', zip))).toHaveLength(4);
  });

  test('a part that is listed and not there is told of', async () => {
    const { 'OPS/text/b b.xhtml': _, ...others } = entries;
    const book = await read('part-gone.epub', await makeZip(others));
    expect(book.meta.unreadable).toBe(1);
    expect(texts(book)).toHaveLength(2);
    expect((await read('whole.epub', await makeZip(entries))).meta.unreadable).toBeUndefined();
  });

  test('is XHTML: what stands as CDATA is text', async () => {
    const listing = '<html><body><p>Before.</p><pre><![CDATA[if (a < b) return;]]></pre></body></html>';
    const book = await read('cdata.epub', await makeZip({ ...entries, 'OPS/text/a.xhtml': listing }));
    expect(texts(book)[0]).toBe('Before.\n\nif (a < b) return;');
  });

  test('has text in a page that is a drawing, and drawings in others are passed over', async () => {
    const drawing =
      '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><title>t</title><style>a{}</style>' +
      '<text x="1"><tspan>The lamp of</tspan> the harbour</text><svg><text>burns.</text></svg></svg>';
    const among = `<html><body><p>Here it is:</p>${drawing.replace(/<\?.*?\?>/, '')}<p>It was.</p></body></html>`;
    const zip = await makeZip({ ...entries, 'OPS/text/a.xhtml': drawing, 'OPS/text/b b.xhtml': among });
    expect(texts(await read('drawing.epub', zip))).toEqual([
      'The lamp of the harbour\nburns.',
      'Here it is:\n\nIt was.',
    ]);
  });

  test('fonts may be obfuscated', async () => {
    const encryption =
      '<encryption><EncryptedData><EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/><CipherData>' +
      '<CipherReference URI="OPS/font.otf"/></CipherData></EncryptedData></encryption>';
    const zip = await makeZip({ ...entries, 'META-INF/encryption.xml': encryption });
    expect(texts(await read('font.epub', zip))).toHaveLength(4);
  });
});

describe('Word', () => {
  test('headings make sections, tables and lists stay readable', async () => {
    const cell = (text: string) => new TableCell({ children: [new Paragraph(text)] });
    const document = new Document({
      title: 'The Ferry Kitchen',
      creator: 'Josune Arrieta',
      sections: [
        {
          children: [
            new Paragraph({ text: 'Soups', heading: HeadingLevel.HEADING_1 }),
            new Paragraph('Soup waits.'),
            new Paragraph({ text: 'Fish soup', heading: HeadingLevel.HEADING_2 }),
            new Table({ rows: [new TableRow({ children: [cell('Salt'), cell('2 spoons')] })] }),
            new Paragraph({ text: 'Boil it.', bullet: { level: 0 } }),
          ],
        },
      ],
    });
    const book = await read('kitchen.docx', await Packer.toBuffer(document));
    expect(book.meta).toMatchObject({
      format: 'docx',
      title: 'The Ferry Kitchen',
      author: 'Josune Arrieta',
      engine: 'mammoth',
    });
    expect(trails(book)).toEqual(['Soups', 'Soups > Fish soup']);
    expect(texts(book)).toEqual(['Soups\n\nSoup waits.', 'Fish soup\n\nSalt | 2 spoons\n\n- Boil it.']);
  });
});

describe('HTML', () => {
  const html =
    '<!DOCTYPE html><html lang="pt"><head><title>A Linha</title><meta name="author" content="Aoífe">CHARSET' +
    '<style>p{}</style><script>if (a < b) "<p>no</p>"</script></head><body><nav><a href="/">Home</a></nav>' +
    '<h1>A turfa<a class="headerlink" href="#a">¶</a></h1><p>Corta-se\n  à mão.<br>Sempre.</p>' +
    '<h2>Trilhos</h2><pre>a = 1\n  b = 2</pre><ul><li>um</li><li><p>dois</p></li></ul></body></html>';

  test.each(['windows-1252', 'utf-8', 'utf-16le'])('is read in %s', async (charset) => {
    const declared = html.replace('CHARSET', charset === 'utf-16le' ? '' : `<meta charset="${charset}">`);
    const book = await read(
      `linha-${charset}.htm`,
      iconv.encode(declared, charset, { addBOM: charset === 'utf-16le' }),
    );
    expect(book.meta).toMatchObject({ format: 'html', title: 'A Linha', author: 'Aoífe', language: 'pt' });
    expect(trails(book)).toEqual(['A turfa', 'A turfa > Trilhos']);
    expect(texts(book)).toEqual([
      'A turfa\n\nCorta-se à mão.\nSempre.',
      'Trilhos\n\na = 1\n  b = 2\n\n- um\n- dois',
    ]);
  });

  test.each(['button', 'select'])('a <%s> that nobody closed ends where a block begins', async (name) => {
    const rest = '<p>The lamp burns.</p><h2>Oil</h2><p>It comes by boat.</p>';
    const book = await read(`unclosed-${name}.html`, `<html><body><h1>Light</h1><div><${name}>Copy${rest}`);
    expect(texts(book)).toEqual(['Light\n\nThe lamp burns.', 'Oil\n\nIt comes by boat.']);
    const closed = await read(
      `closed-${name}.html`,
      `<html><body><h1>Light</h1><nav><${name}>Copy<p>Home</p></${name}>Top</nav>${rest}`,
    );
    expect(texts(closed)).toEqual(['Light\n\nThe lamp burns.', 'Oil\n\nIt comes by boat.']);
  });

  test('broken markup still gives its text', async () => {
    const book = await read(
      'broken.html',
      '<head><title>T</title><body><p>one<p>two<table><tr><td>a<td>b<tr><td>c</b></i>',
    );
    expect(texts(book)).toEqual(['one\n\ntwo\n\na | b\nc']);
  });
});

describe('Markdown', () => {
  test('front matter, headings, code, tables and lists', async () => {
    const markdown =
      '---\ntitle: "Bees"\nauthor: Soledad Quiroga\ndate: 2012-05-01\n---\n\nIntro *text*\nwrapped [link](http://x).\n\n' +
      '# The hive\n\n```js\nconst a = 1;\n  b();\n```\n\n## Wax\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n3. three\n4. four\n   - deep\n';
    const book = await read('bees.md', markdown);
    expect(book.meta).toMatchObject({
      format: 'markdown',
      title: 'Bees',
      author: 'Soledad Quiroga',
      year: 2012,
    });
    expect(trails(book)).toEqual(['', 'The hive', 'The hive > Wax']);
    expect(texts(book)).toEqual([
      'Intro text wrapped link.',
      'The hive\n\nconst a = 1;\n  b();',
      'Wax\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n3. three\n4. four\n  - deep',
    ]);
  });

  test('a long book is parsed in pieces, cut between blocks', () => {
    const part = `## Head\n\n${'Some words of a paragraph.\n\n'.repeat(700)}\`\`\`\n# no head\n\nwith blanks\n\`\`\`\n\n`;
    const book = part.repeat(20);
    const pieces = [...markdownPieces(book)];
    expect(pieces.join('')).toBe(book);
    expect(pieces).toHaveLength(10);
    for (const piece of pieces) expect(piece).toMatch(/^## Head/);
    const longest = Math.max(
      ...[...markdownPieces('word '.repeat(9).concat('\n').repeat(50_000))].map((piece) => piece.length),
    );
    expect(longest).toBeLessThan(201_000);
  });

  test('the only first heading is the title', async () => {
    expect((await read('a.md', '# On *Bees*\n\n## One\n\ntext')).meta.title).toBe('On Bees');
    expect((await read('b.md', '# One\n\n# Two\n\ntext')).meta.title).toBe(null);
  });
});

describe('plain text', () => {
  const book =
    'Title: The Salt Road\nAuthor: H. Aldersund\n\nCHAPTER I\n\nIt was cold on the pass, and nobody who had been there be-\n' +
    'fore would have gone again without a good reason for it.\n\nCHAPTER II\n\nThe inn. Ω\n';

  test.each(['utf-8', 'utf-16be', 'utf-16le'])('is read in %s, with its chapters', async (charset) => {
    const text = await read(
      `salt-${charset}.txt`,
      iconv.encode(book, charset, { addBOM: charset !== 'utf-8' }),
    );
    expect(text.meta).toMatchObject({ format: 'text', title: 'The Salt Road', author: 'H. Aldersund' });
    expect(trails(text)).toEqual(['', 'CHAPTER I', 'CHAPTER II']);
    expect(texts(text)[1]).toContain('nobody who had been there before would have gone');
    expect(texts(text)[2]).toContain('Ω');
  });

  test.each([
    ['windows-1252', 'Der Müller fährt über die Brücke. Größe und Maß, „schön“.'],
    ['koi8-r', 'Весь день шёл дождь, и никто не вышел из дома. Ночью стало тихо.'],
    ['shift_jis', '雨が一日中降り、誰も家から出なかった。夜になって静かになった。'],
    ['gb18030', '整天都在下雨，没有人走出家门。到了晚上，一切都安静下来了。'],
  ])('in %s is recognised without being told', async (charset, sentence) => {
    const text = await read(`guess-${charset}.txt`, iconv.encode(`${sentence}\n`.repeat(20), charset));
    expect(texts(text).join('\n')).toContain(sentence);
  });

  test('long sections become several units', async () => {
    const text = await read('long.txt', 'Word after word it went on. '.repeat(3000));
    expect(text.meta.units).toBe(5);
    expect(texts(text).join('')).toHaveLength(3000 * 28 - 1);
  });
});

describe('names and versions', () => {
  test.each([
    ['/a/Book.PDF', 'pdf'],
    ['b.epub', 'epub'],
    ['c.docx', 'docx'],
    ['d.htm', 'html'],
    ['d.xhtml', 'html'],
    ['e.markdown', 'markdown'],
    ['f.text', 'text'],
    ['g.doc', null],
    ['README', null],
    ['.pdf', null],
  ])('%s promises %s', (name, format) => {
    expect(formatOfName(name)).toBe(format);
  });

  test('the fingerprint names the engine versions that are installed', async () => {
    const root = new URL('../../../node_modules/', import.meta.url);
    for (const [name, version] of Object.entries(engineVersions)) {
      const manifest: unknown = JSON.parse(await readFile(new URL(`${name}/package.json`, root), 'utf8'));
      expect(manifest).toMatchObject({ version });
    }
  });
});
