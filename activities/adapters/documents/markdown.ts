import { readFile } from 'node:fs/promises';
import type { Nodes, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import type { OpenDocument } from '../../ports/documents.ts';
import { cleanText, oneLine } from '../../text/clean.ts';
import { HeadingTrail, type Section } from '../../text/sections.ts';
import { decodeText } from './decode-text.ts';
import { htmlSections } from './html/html-sections.ts';
import { markdownPieces } from './markdown-pieces.ts';
import { SectionedDocument } from './sectioned-document.ts';
import { yearOf } from './year-of.ts';

/**
 * Opens a Markdown file; sections are its headings. Tables and code stay as they are written.
 * @throws ScriptoriumError UNSUPPORTED_FORMAT when it is no text
 */
export async function openMarkdown(path: string): Promise<OpenDocument> {
  const { fields, body } = splitFrontMatter(cleanText(decodeText(await readFile(path), path)));
  const book = new MarkdownBook();
  for (const piece of markdownPieces(body)) book.add(fromMarkdown(piece).children);
  return new SectionedDocument({
    format: 'markdown',
    engine: 'mdast',
    title: fields.get('title') ?? book.title,
    author: fields.get('author') ?? null,
    language: fields.get('lang') ?? fields.get('language') ?? null,
    year: yearOf(fields.get('date') ?? ''),
    sections: book.sections(),
  });
}

/** Simple `key: value` lines between two lines of `---`; nested values are left alone. */
function splitFrontMatter(text: string): { fields: ReadonlyMap<string, string>; body: string } {
  const [block, inner = ''] = /^---\n([\s\S]{0,20000}?)\n(?:---|\.\.\.)(?:\n|$)/.exec(text) ?? [];
  if (block === undefined) return { fields: new Map(), body: text };
  const fields = new Map<string, string>();
  for (const [, key = '', value = ''] of inner.matchAll(/^([\w-]+):[ \t]+(.+)$/gm)) {
    fields.set(key.toLowerCase(), oneLine(value).replace(/^(["'])(.*)\1$/, '$2'));
  }
  return { fields, body: text.slice(block.length) };
}

/** Gathers the sections of a book from its blocks, piece by piece. */
class MarkdownBook {
  readonly #trail = new HeadingTrail();
  readonly #sections: Section[] = [];
  /** Headings of the first level, and the first block if it is one. */
  #tops = 0;
  #firstTop: string | null = null;
  #blocks: string[] = [];

  add(nodes: readonly RootContent[]): void {
    for (const node of nodes) {
      if (node.type === 'heading') this.#enter(node.depth, oneLine(plain(node)));
      this.#blocks.push(blockText(node));
    }
  }

  /** A single heading of the first level at the start is the title of the book. */
  get title(): string | null {
    return this.#tops === 1 ? this.#firstTop : null;
  }

  sections(): readonly Section[] {
    this.#endSection();
    return this.#sections;
  }

  #enter(depth: number, title: string): void {
    this.#endSection();
    if (depth === 1 && this.#tops++ === 0 && this.#sections.length === 0) this.#firstTop = title || null;
    this.#trail.enter(depth, title);
  }

  #endSection(): void {
    const text = this.#blocks.join('\n\n');
    if (text.trim() !== '') this.#sections.push({ trail: this.#trail.titles, text });
    this.#blocks = [];
  }
}

function blockText(node: Nodes): string {
  switch (node.type) {
    case 'html':
      return htmlText(node.value);
    case 'list':
      return node.children
        .map((item, at) => `${marker(node.ordered, node.start, at)}${indented(item.children)}`)
        .join('\n');
    case 'blockquote':
      return node.children.map(blockText).join('\n\n');
    default:
      return plain(node);
  }
}

function marker(ordered: boolean | null | undefined, start: number | null | undefined, at: number): string {
  return ordered ? `${(start ?? 1) + at}. ` : '- ';
}

function indented(children: readonly Nodes[]): string {
  return children.map(blockText).join('\n').replaceAll('\n', '\n  ');
}

function htmlText(html: string): string {
  return htmlSections(html)
    .sections.map((section) => section.text)
    .join('\n\n');
}

/** Text without marks; soft line breaks become spaces, except in what may be a table. */
function plain(node: Nodes): string {
  if (node.type === 'text') return node.value;
  if (node.type === 'html') return htmlText(node.value);
  if (node.type === 'paragraph') return unwrapped(node.children.map(plain).join(''));
  if (node.type === 'break') return '\n';
  if ('value' in node) return node.value;
  if ('alt' in node) return node.alt ?? '';
  return 'children' in node ? node.children.map(plain).join('') : '';
}

function unwrapped(text: string): string {
  return text.includes('|') ? text : text.replace(/\n/g, ' ');
}
