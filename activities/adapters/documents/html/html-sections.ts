import { Parser } from 'htmlparser2';
import { oneLine } from '../../../text/clean.ts';
import { HeadingTrail, type Section } from '../../../text/sections.ts';
import { sameTitle } from './same-title.ts';
import { TextFlow } from './text-flow.ts';

/** What an HTML or XHTML document holds. */
export interface HtmlContent {
  readonly title: string | null;
  readonly author: string | null;
  readonly language: string | null;
  readonly sections: readonly Section[];
  /** Trail of the table of contents at the end of the document. */
  readonly end: readonly string[];
}

/** Where a table of contents leads in one file. */
export interface Anchors {
  /** Trail at the start of the file. */
  readonly start: readonly string[];
  /** Trails by the id of the element at which they begin. */
  readonly byId: ReadonlyMap<string, readonly string[]>;
}

type Attributes = Readonly<Record<string, string>>;

const NO_ANCHORS: Anchors = { start: [], byId: new Map() };
const DROPPED = words('title script style nav template noscript svg iframe button select textarea');
/** Of these no block is a part: where one begins, somebody forgot to close them. */
const WITHOUT_BLOCKS = words('button select');
const LINES = words(
  'address article aside body caption center dd details dt fieldset figcaption footer header hr li main summary tbody tfoot thead tr text',
);
const PARAGRAPHS = words('blockquote div dl figure h1 h2 h3 h4 h5 h6 ol p pre section table ul');
const LONGEST_TITLE = 200;

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

/**
 * Text and sections of HTML or XHTML: every heading starts a section; scripts, styles, navigation and drawings are dropped.
 * @param options.isXml of an EPUB, whose readers take it for XHTML or SVG: `CDATA` is text there, and a comment in HTML
 */
export function htmlSections(
  html: string,
  anchors: Anchors = NO_ANCHORS,
  { isXml = false }: { readonly isXml?: boolean } = {},
): HtmlContent {
  const collector = new Collector(anchors, isXml);
  const parser = new Parser(
    {
      onopentag: (name, attributes) => collector.open(name, attributes),
      onclosetag: (name) => collector.close(name),
      ontext: (text) => collector.text(text),
    },
    { recognizeSelfClosing: true, recognizeCDATA: isXml },
  );
  parser.end(html);
  return collector.finish();
}

class Collector {
  readonly #anchors: Anchors;
  readonly #trail = new HeadingTrail();
  readonly #sections: Section[] = [];
  readonly #flow = new TextFlow();
  readonly #meta = { title: '', author: '', language: '' };
  #base: readonly string[];
  /** Names of the open elements whose text is dropped, outermost first. */
  readonly #dropped: string[] = [];
  readonly #isXml: boolean;
  /** A page that is a drawing has its text there; null before its outermost element. */
  #isDrawing: boolean | null = null;
  /** The open element that its attributes hide, and how many of its name are open in it. */
  #hidden = { name: '', depth: 0 };
  #verbatim = 0;
  /** Gathers the text of the open title or heading. */
  #heading = '';

  constructor(anchors: Anchors, isXml: boolean) {
    this.#isXml = isXml;
    this.#anchors = anchors;
    this.#base = anchors.start;
  }

  open(name: string, attributes: Attributes): void {
    this.#enterAnchor(attributes);
    if (name === 'html') this.#meta.language ||= attributes.lang ?? attributes['xml:lang'] ?? '';
    if (name === 'meta') this.#readMeta(attributes);
    this.#enterDropped(name);
    if (this.#hidden.depth > 0 ? name === this.#hidden.name : isHidden(attributes)) {
      this.#hidden = { name, depth: this.#hidden.depth + 1 };
    }
    if (name === 'title') this.#heading = '';
    if (this.#isShown()) this.#openShown(name);
  }

  close(name: string): void {
    if (name === 'title') this.#meta.title ||= oneLine(this.#heading);
    const open = this.#dropped.lastIndexOf(name);
    if (open >= 0) this.#dropped.splice(open, 1);
    if (name === this.#hidden.name && this.#hidden.depth > 0)
      this.#hidden = { name, depth: this.#hidden.depth - 1 };
    if (!this.#isShown()) return;
    if (name === 'pre') this.#verbatim = Math.max(0, this.#verbatim - 1);
    const level = headingLevel(name);
    if (level !== null) this.#enterHeading(level);
    this.#breakAt(name);
  }

  text(text: string): void {
    if (this.#hidden.depth === 0 && this.#heading.length < LONGEST_TITLE) this.#heading += text;
    if (!this.#isShown()) return;
    if (this.#verbatim > 0) this.#flow.verbatim(text);
    else this.#flow.text(text);
  }

  finish(): HtmlContent {
    this.#endSection();
    const { title, author, language } = this.#meta;
    return {
      title: title || null,
      author: author || null,
      language: language || null,
      sections: this.#sections,
      end: this.#base,
    };
  }

  #isShown(): boolean {
    return this.#dropped.length === 0 && this.#hidden.depth === 0;
  }

  #enterDropped(name: string): void {
    this.#isDrawing ??= this.#isXml && name === 'svg';
    if (PARAGRAPHS.has(name)) while (WITHOUT_BLOCKS.has(this.#dropped.at(-1) ?? '')) this.#dropped.pop();
    if (DROPPED.has(name) && !(this.#isDrawing && name === 'svg')) this.#dropped.push(name);
  }

  #openShown(name: string): void {
    if (headingLevel(name) !== null) {
      this.#endSection();
      this.#heading = '';
    }
    this.#breakAt(name);
    if (name === 'pre') this.#verbatim++;
    if (name === 'br') this.#flow.end(1);
    if (name === 'li') this.#flow.listItem();
    if (name === 'tr') this.#flow.row();
    if (name === 'td' || name === 'th') this.#flow.cell();
  }

  #breakAt(name: string): void {
    if (PARAGRAPHS.has(name)) this.#flow.end(2);
    else if (LINES.has(name)) this.#flow.end(1);
  }

  #readMeta(attributes: Attributes): void {
    const name = (attributes.name ?? '').toLowerCase();
    if (name === 'author' || name === 'dc.creator') this.#meta.author ||= oneLine(attributes.content ?? '');
  }

  #enterAnchor(attributes: Attributes): void {
    const trail = this.#anchors.byId.get(attributes.id ?? attributes.name ?? '');
    if (trail === undefined) return;
    this.#endSection();
    this.#base = trail;
    this.#trail.clear();
  }

  /** A heading that the table of contents has already named is not named twice. */
  #enterHeading(level: number): void {
    const title = oneLine(this.#heading).slice(0, LONGEST_TITLE);
    this.#trail.enter(level, this.#base.some((known) => sameTitle(known, title)) ? '' : title);
  }

  #endSection(): void {
    const text = this.#flow.take();
    if (text !== '') this.#sections.push({ trail: this.#titles(), text });
  }

  #titles(): readonly string[] {
    return [...this.#base, ...this.#trail.titles];
  }
}

/** Navigation, and the link signs that documentation generators put beside headings. */
function isHidden(attributes: Attributes): boolean {
  const { role, hidden, class: classes = '' } = attributes;
  return (
    role === 'navigation' ||
    hidden !== undefined ||
    /(?:^|\s)(?:headerlink|anchor-link)(?:\s|$)/.test(classes)
  );
}

function headingLevel(name: string): number | null {
  const level = /^h([1-6])$/.exec(name)?.[1];
  return level === undefined ? null : Number(level);
}
