import type { BookFormat, DocumentMeta, OpenDocument, PageText } from '../../ports/documents.ts';
import { type Section, sectionUnits } from '../../text/sections.ts';

/** What an extractor of a format without pages finds in a file. */
export interface SectionedBook {
  readonly format: BookFormat;
  readonly engine: string;
  readonly title: string | null;
  readonly author: string | null;
  readonly language: string | null;
  readonly year: number | null;
  readonly sections: readonly Section[];
  /** Parts that the file lists and does not hold. */
  readonly unreadable?: number | undefined;
}

/** Serves a book without pages, whose text is in memory: it is bounded by `DocumentLimits.maxTextBytes`. */
export class SectionedDocument implements OpenDocument {
  readonly meta: DocumentMeta;
  #units: readonly Section[];

  constructor(book: SectionedBook) {
    const { sections, ...rest } = book;
    this.#units = sectionUnits(sections);
    this.meta = { ...rest, units: this.#units.length, paged: false };
  }

  async read(from: number, to: number): Promise<readonly PageText[]> {
    const start = Math.max(0, from);
    return this.#units.slice(start, Math.max(start, to)).map((unit, at) => ({
      index: start + at,
      page: null,
      section: unit.trail,
      text: unit.text,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#units = [];
  }
}
