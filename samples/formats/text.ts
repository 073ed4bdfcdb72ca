import { type Block, type Book, type Chapter, plainText, type TableBlock } from '../book.ts';

/** Widest line, in characters: that of the plain text books that people have shared since the teletype. */
const LINE_WIDTH = 72;

/** The book as plain text in UTF-8, with wrapped lines and underlined chapter titles. */
export async function renderText(book: Book): Promise<Buffer> {
  const head = [centred(book.title.toUpperCase()), centred(`by ${book.author}`), centred(String(book.year))];
  return Buffer.from(`${head.join('\n\n')}\n\n\n${book.chapters.map(chapterText).join('\n\n\n')}\n`);
}

function chapterText({ title, blocks }: Chapter): string {
  const lines = wrap(title);
  return [`${lines.join('\n')}\n${'='.repeat(widest(lines))}`, ...blocks.map(blockText)].join('\n\n');
}

function blockText(block: Block): string {
  if (block.kind === 'paragraph') return wrap(plainText(block.runs)).join('\n');
  if (block.kind === 'table') return tableText(block);
  return block.items
    .map((runs, index) => hanging(block.ordered ? `${index + 1}. ` : '- ', plainText(runs)))
    .join('\n');
}

function hanging(marker: string, text: string): string {
  const lines = wrap(text, LINE_WIDTH - marker.length);
  return lines.map((line, index) => (index === 0 ? marker : ' '.repeat(marker.length)) + line).join('\n');
}

function tableText({ header, rows }: TableBlock): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => widest(all.map((row) => row[column] ?? '')));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function wrap(text: string, width = LINE_WIDTH): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function centred(text: string): string {
  return ' '.repeat(Math.max(0, Math.floor((LINE_WIDTH - text.length) / 2))) + text;
}

function widest(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => line.length));
}
