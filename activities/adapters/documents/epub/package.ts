import { posix } from 'node:path';
import { ScriptoriumError } from '../../../errors.ts';
import { oneLine } from '../../../text/clean.ts';
import { descendants, first, parseXml, type XmlElement } from '../xml-tree.ts';
import { yearOf } from '../year-of.ts';

/** What the package document (OPF) of an EPUB says. */
export interface EpubPackage {
  readonly title: string | null;
  readonly author: string | null;
  readonly language: string | null;
  readonly year: number | null;
  /** Paths of the content documents in the archive, in reading order. */
  readonly spine: readonly string[];
  /** Path of the EPUB 3 navigation document; null when there is none. */
  readonly nav: string | null;
  /** Path of the EPUB 2 table of contents; null when there is none. */
  readonly ncx: string | null;
}

interface Item {
  readonly path: string;
  readonly type: string;
  readonly properties: string;
}

/** A picture that is a page of its own has a text to fall back to at best; SVG is text. */
const WITHOUT_TEXT = /^(?:image\/(?!svg)|audio\/|video\/|font\/)/i;

/**
 * @param path of the package document in the archive; links in it are relative to it
 * @throws ScriptoriumError UNSAFE_ARCHIVE when a link leads out of the archive
 */
export function parsePackage(xml: string, path: string): EpubPackage {
  const root = parseXml(xml);
  const items = new Map<string, Item>();
  for (const item of descendants(first(root, 'manifest') ?? root, 'item')) {
    items.set(attribute(item, 'id'), itemOf(item, path));
  }
  const spine = first(root, 'spine');
  const order = spine === null ? [] : [...descendants(spine, 'itemref')];
  const all = [...items.values()];
  const nav = all.find((item) => item.properties.split(/\s+/).includes('nav'))?.path ?? null;
  const ncxId = spine === null ? '' : attribute(spine, 'toc');
  return {
    ...metadataOf(first(root, 'metadata') ?? root),
    spine: order
      .flatMap((ref) => items.get(attribute(ref, 'idref')) ?? [])
      .filter(({ path, type }) => path !== nav && !WITHOUT_TEXT.test(type))
      .map(({ path }) => path),
    nav,
    ncx: (items.get(ncxId) ?? all.find((item) => item.type === 'application/x-dtbncx+xml'))?.path ?? null,
  };
}

/**
 * A link of one file of the archive to another, as a path in the archive, without its fragment.
 * @throws ScriptoriumError UNSAFE_ARCHIVE when it leads out of the archive
 */
export function resolveLink(from: string, link: string): string {
  const path = posix.join(posix.dirname(from), decoded(link.replace(/[#?].*$/s, '')));
  if (path.startsWith('../') || posix.isAbsolute(path)) {
    throw new ScriptoriumError(
      'UNSAFE_ARCHIVE',
      `"${from}" links to "${link}", which is outside the archive.`,
    );
  }
  return path;
}

function itemOf(item: XmlElement, path: string): Item {
  const link = attribute(item, 'href');
  const isRemote = /^[a-z][a-z\d+.-]*:/i.test(link);
  return {
    path: isRemote ? link : resolveLink(path, link),
    type: attribute(item, 'media-type'),
    properties: attribute(item, 'properties'),
  };
}

function metadataOf(metadata: XmlElement): Pick<EpubPackage, 'title' | 'author' | 'language' | 'year'> {
  return {
    title: values(metadata, 'title')[0] ?? null,
    author: authorsOf(metadata).join(', ') || null,
    language: values(metadata, 'language')[0] ?? null,
    year: yearOf(values(metadata, 'date')[0] ?? ''),
  };
}

/** Creators that the file does not call something else than author, such as illustrator. */
function authorsOf(metadata: XmlElement): readonly string[] {
  const creators = [...descendants(metadata, 'creator')];
  const authors = creators.filter((creator) => ['', 'aut'].includes(attribute(creator, 'role')));
  return (authors.length > 0 ? authors : creators)
    .map((creator) => oneLine(creator.text))
    .filter((name) => name !== '');
}

function values(metadata: XmlElement, name: string): readonly string[] {
  return [...descendants(metadata, name)]
    .map((element) => oneLine(element.text))
    .filter((value) => value !== '');
}

function attribute(element: XmlElement, name: string): string {
  return element.attributes.get(name) ?? '';
}

/** Percent escapes decoded where they are valid; some producers write a bare %. */
function decoded(link: string): string {
  try {
    return decodeURIComponent(link);
  } catch {
    return link;
  }
}
