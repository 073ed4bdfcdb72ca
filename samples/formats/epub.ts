import { v5 as uuidV5 } from 'uuid';
import { type Book, bookDate } from '../book.ts';
import { type ZipEntry, zip } from '../zip.ts';
import { escapeMarkup, toMarkup } from './markup.ts';

/** The book as EPUB 3.3: one XHTML file a chapter, a title page, and a navigation document. */
export async function renderEpub(book: Book): Promise<Buffer> {
  return zip(
    [
      { name: 'mimetype', data: Buffer.from('application/epub+zip'), stored: true },
      text('META-INF/container.xml', container),
      text('EPUB/package.opf', packageDocument(book)),
      text('EPUB/nav.xhtml', navigation(book)),
      text('EPUB/title.xhtml', titlePage(book)),
      ...book.chapters.map(({ title, blocks }, index) =>
        text(
          `EPUB/${chapterFile(index)}`,
          xhtml(book, title, `<h1>${escapeMarkup(title)}</h1>\n${toMarkup(blocks)}`),
        ),
      ),
    ],
    book.year,
  );
}

function text(name: string, content: string): ZipEntry {
  return { name, data: Buffer.from(content) };
}

function chapterFile(index: number): string {
  return `chapter-${String(index + 1).padStart(2, '0')}.xhtml`;
}

const container = `<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
`;

function packageDocument(book: Book): string {
  const chapters = book.chapters.map((_, index) => index);
  const items = chapters.map(
    (i) => `<item id="c${i + 1}" href="${chapterFile(i)}" media-type="application/xhtml+xml"/>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="${book.language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:${uuidV5(`scriptorium:sample:${book.slug}`, uuidV5.URL)}</dc:identifier>
<dc:title>${escapeMarkup(book.title)}</dc:title>
<dc:creator>${escapeMarkup(book.author)}</dc:creator>
<dc:language>${escapeMarkup(book.language)}</dc:language>
<dc:date>${book.year}</dc:date>
<meta property="dcterms:modified">${bookDate(book).toISOString().replace('.000', '')}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="title" href="title.xhtml" media-type="application/xhtml+xml"/>
${items.join('\n')}
</manifest>
<spine>
<itemref idref="title"/>
${chapters.map((i) => `<itemref idref="c${i + 1}"/>`).join('\n')}
</spine>
</package>
`;
}

function navigation(book: Book): string {
  const items = book.chapters.map(
    ({ title }, i) => `<li><a href="${chapterFile(i)}">${escapeMarkup(title)}</a></li>`,
  );
  return xhtml(
    book,
    'Contents',
    `<nav epub:type="toc">\n<h1>Contents</h1>\n<ol>\n${items.join('\n')}\n</ol>\n</nav>`,
  );
}

function titlePage(book: Book): string {
  const author = `<p>${escapeMarkup(book.author)}</p>`;
  return xhtml(book, book.title, `<h1>${escapeMarkup(book.title)}</h1>\n${author}\n<p>${book.year}</p>`);
}

function xhtml(book: Book, title: string, body: string): string {
  const language = escapeMarkup(book.language);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="${language}" xml:lang="${language}">
<head>
<title>${escapeMarkup(title)}</title>
</head>
<body>
${body}
</body>
</html>
`;
}
