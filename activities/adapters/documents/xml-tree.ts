import { Parser } from 'htmlparser2';

/** An element of a small XML document. Names are local: namespaces are told apart by place, not by prefix. */
export interface XmlElement {
  readonly name: string;
  /** By local name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly in it and in its descendants. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

/** Deeper elements become children of the last one: only an attack nests so far. */
const MAX_DEPTH = 64;

/** Parses leniently; what is no XML gives an empty root. Entities of a DTD are not expanded. */
export function parseXml(xml: string): XmlElement {
  const root: OpenElement = { name: '', attributes: new Map(), children: [], text: '' };
  const open: OpenElement[] = [root];
  let tooDeep = 0;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (open.length > MAX_DEPTH) tooDeep++;
        else open.push({ name: localName(name), attributes: localNames(attributes), children: [], text: '' });
      },
      ontext(text) {
        const top = open.at(-1);
        if (top !== undefined) top.text += text;
      },
      onclosetag() {
        if (tooDeep > 0) tooDeep--;
        else closeLast(open);
      },
    },
    { xmlMode: true },
  );
  parser.end(xml);
  while (open.length > 1) closeLast(open);
  return root;
}

/** All elements of a name below an element, in document order. */
export function* descendants(element: XmlElement, name: string): Generator<XmlElement> {
  for (const child of element.children) {
    if (child.name === name) yield child;
    yield* descendants(child, name);
  }
}

export function first(element: XmlElement, name: string): XmlElement | null {
  return descendants(element, name).next().value ?? null;
}

function closeLast(open: OpenElement[]): void {
  const closed = open.length > 1 ? open.pop() : undefined;
  const parent = open.at(-1);
  if (closed === undefined || parent === undefined) return;
  parent.children.push(closed);
  parent.text += closed.text;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function localNames(attributes: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(attributes).map(([name, value]) => [localName(name), value]));
}
