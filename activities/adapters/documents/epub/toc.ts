import { oneLine } from '../../../text/clean.ts';
import { HeadingTrail } from '../../../text/sections.ts';
import type { Anchors } from '../html/html-sections.ts';
import { descendants, first, parseXml, type XmlElement } from '../xml-tree.ts';
import { resolveLink } from './package.ts';

interface Entry {
  readonly depth: number;
  readonly title: string;
  /** Null for a title that only holds others together. */
  readonly link: string | null;
}

/** A table of contents: where each of its trails begins. */
export class Toc {
  readonly #files = new Map<
    string,
    { start: readonly string[] | null; readonly byId: Map<string, readonly string[]> }
  >();

  private constructor(entries: Iterable<Entry>, path: string) {
    const trail = new HeadingTrail();
    for (const { depth, title, link } of entries) {
      trail.enter(depth, title);
      if (link !== null) this.#add(resolveLink(path, link), /#(.*)$/s.exec(link)?.[1] ?? '', trail.titles);
    }
  }

  static readonly empty = new Toc([], '');

  /** @param path of the EPUB 3 navigation document in the archive */
  static ofNav(xml: string, path: string): Toc {
    const navs = [...descendants(parseXml(xml), 'nav')];
    const nav = navs.find((candidate) => candidate.attributes.get('type') === 'toc') ?? navs[0];
    const list = nav === undefined ? null : first(nav, 'ol');
    return new Toc(list === null ? [] : navEntries(list, 0), path);
  }

  /** @param path of the EPUB 2 `toc.ncx` in the archive */
  static ofNcx(xml: string, path: string): Toc {
    const map = first(parseXml(xml), 'navMap');
    return new Toc(map === null ? [] : ncxEntries(map, 0), path);
  }

  /**
   * Where the contents lead in a file.
   * @param before trail at the end of the file before, which goes on where the contents do not name the file
   */
  anchorsOf(path: string, before: readonly string[]): Anchors {
    const file = this.#files.get(path);
    return { start: file?.start ?? before, byId: file?.byId ?? new Map() };
  }

  /** The first entry for a place wins: the ones after it are details. */
  #add(path: string, id: string, trail: readonly string[]): void {
    const file = this.#files.get(path) ?? { start: null, byId: new Map<string, readonly string[]>() };
    this.#files.set(path, file);
    if (id === '') file.start ??= trail;
    else if (!file.byId.has(id)) file.byId.set(id, trail);
  }
}

function* navEntries(list: XmlElement, depth: number): Generator<Entry> {
  for (const item of list.children) {
    if (item.name !== 'li') continue;
    const label = item.children.find((child) => child.name === 'a' || child.name === 'span');
    if (label !== undefined)
      yield { depth, title: oneLine(label.text), link: label.attributes.get('href') ?? null };
    const inner = item.children.find((child) => child.name === 'ol');
    if (inner !== undefined) yield* navEntries(inner, depth + 1);
  }
}

function* ncxEntries(parent: XmlElement, depth: number): Generator<Entry> {
  for (const point of parent.children) {
    if (point.name !== 'navPoint') continue;
    const label = point.children.find((child) => child.name === 'navLabel');
    const content = point.children.find((child) => child.name === 'content');
    yield { depth, title: oneLine(label?.text ?? ''), link: content?.attributes.get('src') ?? null };
    yield* ncxEntries(point, depth + 1);
  }
}
