import type { DocumentMeta, OpenDocument, PageText } from '../../../ports/documents.ts';
import { pageLines, pageText } from '../../../text/page-text.ts';
import { NEIGHBOURS } from '../../../text/running-heads.ts';
import { Outline, type OutlineEntry } from './outline.ts';
import type { RawPage } from './pdfium-document.ts';

/** What an engine must do to serve a PDF. */
export interface PageSource {
  readonly meta: DocumentMeta;
  readonly outline: Iterable<OutlineEntry>;
  /** Raw text of a page, from 0; null when it cannot be read. */
  page(index: number): Promise<RawPage | null>;
  close(): Promise<void>;
}

interface Page {
  readonly lines: readonly string[];
  readonly height: number;
  readonly unreadable: boolean;
}

/**
 * Serves the pages of a PDF with clean text. A page's text depends on its four neighbours on each side alone, and so
 * never on the ranges in which the book is read; these neighbours are kept, so that each page is read once.
 */
export class PagedDocument implements OpenDocument {
  readonly meta: DocumentMeta;
  readonly #source: PageSource;
  readonly #outline: Outline;
  readonly #pages = new Map<number, Page>();

  constructor(source: PageSource) {
    this.meta = source.meta;
    this.#source = source;
    this.#outline = new Outline(source.outline);
  }

  async read(from: number, to: number): Promise<readonly PageText[]> {
    const units: PageText[] = [];
    for (let index = Math.max(0, from); index < Math.min(to, this.meta.units); index++) {
      units.push(await this.#unit(index));
    }
    return units;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pages.clear();
    await this.#source.close();
  }

  async #unit(index: number): Promise<PageText> {
    const { lines, height, unreadable } = await this.#page(index);
    const neighbours = new Map<number, readonly string[]>();
    for (let distance = -NEIGHBOURS; distance <= NEIGHBOURS; distance++) {
      const other = index + distance;
      if (distance === 0 || other < 0 || other >= this.meta.units) continue;
      neighbours.set(distance, (await this.#page(other)).lines);
    }
    this.#forgetFarFrom(index);
    const text = pageText(lines, neighbours);
    const section = this.#outline.trailOf(index, height);
    return { index, page: index + 1, section, text, ...(unreadable && { unreadable }) };
  }

  async #page(index: number): Promise<Page> {
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    const raw = await this.#source.page(index);
    const page = { lines: pageLines(raw?.text ?? ''), height: raw?.height ?? 0, unreadable: raw === null };
    this.#pages.set(index, page);
    return page;
  }

  #forgetFarFrom(index: number): void {
    for (const other of this.#pages.keys()) {
      if (Math.abs(other - index) > NEIGHBOURS) this.#pages.delete(other);
    }
  }
}
