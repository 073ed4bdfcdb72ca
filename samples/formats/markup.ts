import type { Block, Run, TableBlock } from '../book.ts';

/** Blocks as elements that are valid in both HTML and XHTML. */
export function toMarkup(blocks: readonly Block[]): string {
  return blocks.map(blockMarkup).join('\n');
}

/** Text that can stand in an element or in a quoted attribute. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function blockMarkup(block: Block): string {
  if (block.kind === 'paragraph') return `<p>${runsMarkup(block.runs)}</p>`;
  if (block.kind === 'table') return tableMarkup(block);
  const items = block.items.map((runs) => `<li>${runsMarkup(runs)}</li>`).join('\n');
  return block.ordered ? `<ol>\n${items}\n</ol>` : `<ul>\n${items}\n</ul>`;
}

const tags = { plain: null, italic: 'em', bold: 'strong' } as const satisfies Record<
  Run['style'],
  string | null
>;

function runsMarkup(runs: readonly Run[]): string {
  return runs
    .map(({ text, style }) => {
      const tag = tags[style];
      return tag === null ? escapeMarkup(text) : `<${tag}>${escapeMarkup(text)}</${tag}>`;
    })
    .join('');
}

function tableMarkup(table: TableBlock): string {
  const head = rowMarkup(table.header, 'th');
  const body = table.rows.map((row) => rowMarkup(row, 'td')).join('\n');
  return `<table>\n<thead>\n${head}\n</thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

function rowMarkup(cells: readonly string[], tag: 'th' | 'td'): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escapeMarkup(cell)}</${tag}>`).join('')}</tr>`;
}
