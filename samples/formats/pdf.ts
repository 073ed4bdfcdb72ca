import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import { type Block, type Book, bookDate, type Chapter, type Run, type TableBlock } from '../book.ts';

/** Margins of an A5 page in points; the footer stands in the lower one. */
const MARGINS = { top: 56, bottom: 64, left: 52, right: 52 };
const BODY_SIZE = 12;
const FONTS = { plain: 'Times-Roman', italic: 'Times-Italic', bold: 'Times-Bold' } as const satisfies Record<
  Run['style'],
  string
>;
/** Width of the marker of a list item, in points. */
const MARKER_WIDTH = 18;

type Pdf = InstanceType<typeof PDFDocument>;

/**
 * The book as a PDF in A5: title page, contents, each chapter on a new page, an outline, and a footer whose page
 * number is the number of the page in the file.
 * @throws Error when the text has a character that the standard fonts of PDF (WinAnsi) do not have
 */
export async function renderPdf(book: Book): Promise<Buffer> {
  assertPrintable(book);
  const pdf = openPdf(book);
  titlePage(pdf, book);
  pdf.addPage();
  const starts = book.chapters.map((chapter) => setChapter(pdf, chapter));
  contentsPage(pdf, book, starts);
  setFooters(pdf, book);
  pdf.end();
  return buffer(pdf);
}

function openPdf(book: Book): Pdf {
  const date = bookDate(book);
  return new PDFDocument({
    size: 'A5',
    margins: MARGINS,
    bufferPages: true,
    lang: book.language,
    displayTitle: true,
    info: {
      Title: book.title,
      Author: book.author,
      Creator: 'Scriptorium samples',
      CreationDate: date,
      ModDate: date,
    },
  });
}

function titlePage(pdf: Pdf, book: Book): void {
  pdf.font(FONTS.bold).fontSize(22).text(book.title, MARGINS.left, 180, { align: 'center' });
  pdf.moveDown().font(FONTS.italic).fontSize(14).text(book.author, { align: 'center' });
  pdf.moveDown().font(FONTS.plain).fontSize(11).text(String(book.year), { align: 'center' });
}

/** Sets a chapter and resolves to the page it begins on, from 1. */
function setChapter(pdf: Pdf, { title, blocks }: Chapter): number {
  pdf.addPage();
  pdf.outline.addItem(title);
  const page = pdf.bufferedPageRange().count;
  pdf.font(FONTS.bold).fontSize(16).text(title);
  pdf.moveDown(0.6);
  for (const block of blocks) setBlock(pdf, block);
  return page;
}

function setBlock(pdf: Pdf, block: Block): void {
  if (block.kind === 'paragraph') setRuns(pdf, block.runs);
  else if (block.kind === 'table') setTable(pdf, block);
  else
    for (const [index, runs] of block.items.entries())
      setItem(pdf, block.ordered ? `${index + 1}.` : '•', runs);
}

function setRuns(pdf: Pdf, runs: readonly Run[]): void {
  runs.forEach(({ text, style }, index) => {
    const continued = index < runs.length - 1;
    pdf.font(FONTS[style]).fontSize(BODY_SIZE).text(text, { continued, lineGap: 2, paragraphGap: 7 });
  });
}

function setItem(pdf: Pdf, marker: string, runs: readonly Run[]): void {
  if (pdf.y > pdf.page.height - MARGINS.bottom - 2 * pdf.currentLineHeight(true)) pdf.addPage();
  const { y } = pdf;
  pdf.font(FONTS.plain).fontSize(BODY_SIZE).text(marker, MARGINS.left, y, { lineBreak: false });
  pdf.x = MARGINS.left + MARKER_WIDTH;
  pdf.y = y;
  setRuns(pdf, runs);
  pdf.x = MARGINS.left;
}

function setTable(pdf: Pdf, { header, rows }: TableBlock): void {
  pdf.moveDown(0.3).font(FONTS.plain).fontSize(9);
  pdf.table({
    data: [
      header.map((text) => ({ text, font: { src: FONTS.bold, size: 9 } })),
      ...rows.map((row) => [...row]),
    ],
    defaultStyle: { border: [0, 0, 0.5, 0], padding: [5, 4, 4, 4] },
  });
  pdf.x = MARGINS.left;
  pdf.y += 12;
}

function contentsPage(pdf: Pdf, book: Book, starts: readonly number[]): void {
  pdf.switchToPage(1);
  pdf.font(FONTS.bold).fontSize(16).text('Contents', MARGINS.left, MARGINS.top);
  pdf.moveDown(0.6).font(FONTS.plain).fontSize(BODY_SIZE);
  book.chapters.forEach(({ title }, index) => {
    const { y } = pdf;
    pdf.text(String(starts[index]), MARGINS.left, y, { align: 'right' });
    pdf.text(title, MARGINS.left, y, { lineGap: 5 });
  });
}

function setFooters(pdf: Pdf, book: Book): void {
  const { count } = pdf.bufferedPageRange();
  for (let index = 1; index < count; index++) {
    pdf.switchToPage(index);
    // Text below the lower margin would open a new page.
    pdf.page.margins.bottom = 0;
    pdf.font(FONTS.italic).fontSize(8.5);
    pdf.text(`${book.title}  ·  ${index + 1}`, MARGINS.left, pdf.page.height - 40, {
      align: 'center',
      width: pdf.page.width - MARGINS.left - MARGINS.right,
    });
    pdf.page.margins.bottom = MARGINS.bottom;
  }
}

/** Latin-1 and the printable rest of Windows code page 1252. */
const NOT_PRINTABLE = /[^\u0020-\u007e\u00a0-\u00ff–—‘’‚“”„†‡•…‰‹›€™ŒœŠšŽžŸƒˆ˜\n]/u;

function assertPrintable(book: Book): void {
  const found = NOT_PRINTABLE.exec(book.source);
  if (found === null) return;
  const line = book.source.slice(0, found.index).split('\n').length;
  throw new Error(`${book.slug}.md, line ${line}: the standard fonts of PDF have no "${found[0]}"`);
}
