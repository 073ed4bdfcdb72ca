import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { List, Paragraph, PhrasingContent, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { bookFormats } from '../activities/ports/documents.ts';
import type { Block, Book, Chapter, Run } from './book.ts';

const frontMatterSchema = z.strictObject({
  title: z.string().min(1),
  author: z.string().min(1),
  language: z.string().min(2),
  year: z.int().min(1000).max(9999),
  format: z.enum(bookFormats),
});

type FrontMatter = z.infer<typeof frontMatterSchema>;

/**
 * Reads the Markdown source of a book.
 * @param path file with front matter (title, author, language, year, format) and one level-1 heading a chapter
 * @throws Error that names the file, and the line where there is one, when the source is no such file
 */
export async function readBook(path: string): Promise<Book> {
  const source = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
  return parseBook(source, basename(path));
}

/** The same from text; `file` is the name for the slug and for error messages. */
export function parseBook(source: string, file: string): Book {
  const { frontMatter, body, bodyLine } = splitSource(source, file);
  const place: Place = { file, firstLine: bodyLine };
  const chapters = toChapters(fromMarkdown(body).children, place);
  if (chapters.length === 0) throw new Error(`${file}: the book has no chapter; begin each with "# Title"`);
  return { slug: file.replace(/\.md$/, ''), ...frontMatter, chapters, source };
}

/** Where a message should point: the file, and the line of it at which the parsed text begins. */
interface Place {
  readonly file: string;
  readonly firstLine: number;
}

function splitSource(
  source: string,
  file: string,
): { frontMatter: FrontMatter; body: string; bodyLine: number } {
  const match = /^---\n(?<yaml>.*?)\n---\n/s.exec(source);
  if (match?.groups?.yaml === undefined)
    throw new Error(`${file}: the front matter between two lines of --- is missing`);
  const frontMatter = parseFrontMatter(match.groups.yaml, file);
  return { frontMatter, body: source.slice(match[0].length), bodyLine: match[0].split('\n').length };
}

function parseFrontMatter(yaml: string, file: string): FrontMatter {
  const parsed = frontMatterSchema.safeParse(parseYaml(yaml));
  if (!parsed.success)
    throw new Error(`${file}: the front matter is not valid: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function toChapters(nodes: readonly RootContent[], place: Place): Chapter[] {
  const chapters: { title: string; blocks: Block[] }[] = [];
  for (const node of nodes) {
    const current = chapters.at(-1);
    if (node.type === 'heading' && node.depth === 1)
      chapters.push({ title: headingText(node.children, place), blocks: [] });
    else if (current === undefined) throw unsupported(node, place, 'stands before the first chapter');
    else current.blocks.push(toBlock(node, place));
  }
  return chapters;
}

function headingText(children: readonly PhrasingContent[], place: Place): string {
  return toRuns(children, place)
    .map((run) => run.text)
    .join('');
}

function toBlock(node: RootContent, place: Place): Block {
  if (node.type === 'list') return toList(node, place);
  if (node.type !== 'paragraph') throw unsupported(node, place, 'has no form in every book format');
  return toTable(node) ?? { kind: 'paragraph', runs: toRuns(node.children, place) };
}

function toList(list: List, place: Place): Block {
  const items = list.children.map((item) => {
    const [only, ...more] = item.children;
    if (only?.type !== 'paragraph' || more.length > 0)
      throw unsupported(item, place, 'must hold exactly one paragraph');
    return toRuns(only.children, place);
  });
  return { kind: 'list', ordered: list.ordered === true, items };
}

/** CommonMark has no tables: a paragraph whose every line begins with a bar is one, as in GitHub's dialect. */
function toTable(paragraph: Paragraph): Block | null {
  const [text] = paragraph.children;
  if (paragraph.children.length !== 1 || text?.type !== 'text') return null;
  const lines = text.value.split('\n');
  if (!lines.every((line) => line.startsWith('|'))) return null;
  const [header, , ...rows] = lines.map(toCells);
  return header === undefined ? null : { kind: 'table', header, rows };
}

function toCells(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());
}

function toRuns(nodes: readonly PhrasingContent[], place: Place): Run[] {
  return nodes.map((node) => toRun(node, place));
}

function toRun(node: PhrasingContent, place: Place): Run {
  if (node.type === 'text') return { text: unwrap(node.value), style: 'plain' };
  if (node.type !== 'emphasis' && node.type !== 'strong')
    throw unsupported(node, place, 'has no form in every book format');
  const [only, ...more] = node.children;
  if (only?.type !== 'text' || more.length > 0) throw unsupported(node, place, 'must hold plain text');
  return { text: unwrap(only.value), style: node.type === 'strong' ? 'bold' : 'italic' };
}

function unwrap(text: string): string {
  return text.replaceAll('\n', ' ');
}

function unsupported(
  node: { type: string; position?: RootContent['position'] },
  place: Place,
  why: string,
): Error {
  const line = (node.position?.start.line ?? 1) + place.firstLine - 1;
  return new Error(`${place.file}, line ${line}: a "${node.type}" ${why}`);
}
