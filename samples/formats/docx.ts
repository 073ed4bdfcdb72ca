import {
  AlignmentType,
  Document,
  HeadingLevel,
  LevelFormat,
  Packer,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
  WidthType,
} from 'docx';
import { type Block, type Book, bookDate, type Run, type TableBlock } from '../book.ts';
import { unzip, zip } from '../zip.ts';

/** The book as a Word document with title, headings, lists, tables and core properties. */
export async function renderDocx(book: Book): Promise<Buffer> {
  const packed = await Packer.toBuffer(toDocument(book));
  return withFixedDates(packed, book);
}

/** Name of the numbering of ordered lists. */
const STEPS = 'steps';

function toDocument(book: Book): Document {
  return new Document({
    title: book.title,
    creator: book.author,
    lastModifiedBy: book.author,
    styles: {
      default: { document: { run: { font: 'Georgia', size: 22, language: { value: book.language } } } },
    },
    numbering: { config: [{ reference: STEPS, levels: [stepLevel] }] },
    sections: [{ children: [...front(book), ...book.chapters.flatMap(chapterChildren)] }],
  });
}

const stepLevel = {
  level: 0,
  format: LevelFormat.DECIMAL,
  text: '%1.',
  alignment: AlignmentType.LEFT,
  style: { paragraph: { indent: { left: 480, hanging: 360 } } },
};

function front(book: Book): Paragraph[] {
  return [
    new Paragraph({ text: book.title, heading: HeadingLevel.TITLE }),
    new Paragraph({ text: `${book.author}, ${book.year}`, spacing: { after: 480 } }),
  ];
}

function chapterChildren(
  { title, blocks }: Book['chapters'][number],
  chapter: number,
): (Paragraph | Table)[] {
  const heading = new Paragraph({
    text: title,
    heading: HeadingLevel.HEADING_1,
    spacing: { before: 480, after: 160 },
  });
  return [heading, ...blocks.flatMap((block, index) => blockChildren(block, chapter * 1000 + index))];
}

/** `list` numbers the lists of a book, so that every ordered one starts again at 1. */
function blockChildren(block: Block, list: number): (Paragraph | Table)[] {
  if (block.kind === 'table') return [toTable(block)];
  if (block.kind === 'paragraph')
    return [new Paragraph({ children: toTextRuns(block.runs), spacing: { after: 160 } })];
  const marker = block.ordered
    ? { numbering: { reference: STEPS, level: 0, instance: list } }
    : { bullet: { level: 0 } };
  return block.items.map((runs) => new Paragraph({ children: toTextRuns(runs), ...marker }));
}

function toTextRuns(runs: readonly Run[]): TextRun[] {
  return runs.map(
    ({ text, style }) => new TextRun({ text, italics: style === 'italic', bold: style === 'bold' }),
  );
}

function toTable({ header, rows }: TableBlock): Table {
  return new Table({
    width: { size: 100, type: WidthType.PERCENTAGE },
    rows: [toRow(header, true), ...rows.map((row) => toRow(row, false))],
  });
}

function toRow(cells: readonly string[], bold: boolean): TableRow {
  const children = cells.map(
    (text) => new TableCell({ children: [new Paragraph({ children: [new TextRun({ text, bold })] })] }),
  );
  return new TableRow({ children, tableHeader: bold });
}

/** The library stamps the hour of the build into the properties and the archive; the book carries its own year instead. */
async function withFixedDates(packed: Buffer, book: Book): Promise<Buffer> {
  const date = bookDate(book).toISOString();
  const entries = await unzip(packed);
  const fixed = entries.map(({ name, data }) => {
    if (name !== 'docProps/core.xml') return { name, data };
    return {
      name,
      data: Buffer.from(
        data.toString('utf8').replace(/(?<=<dcterms:(?:created|modified)[^>]*>)[^<]*/g, date),
      ),
    };
  });
  return zip(fixed, book.year);
}
