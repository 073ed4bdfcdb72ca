import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ScriptoriumError } from '../../../errors.ts';
import type { OutlineEntry } from './outline.ts';
import {
  dropPdfiumModule,
  isTrap,
  type PdfiumModule,
  pdfiumModule,
  readUtf16,
  utf16At,
  withMemory,
} from './pdfium-module.ts';

/** FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY of fpdfview.h. */
const PASSWORD_ERRORS: ReadonlySet<number> = new Set([4, 5]);
/** Outlines of a hostile file may loop or never end. The R reference manual has 2,300 entries. */
const MAX_OUTLINE_ENTRIES = 50_000;
const MAX_OUTLINE_DEPTH = 16;
/** Longest text of a page that is read, in UTF-16 units. A dense page of a newspaper has 50,000. */
const MAX_PAGE_CHARACTERS = 2_000_000;

/** So many characters at the start of a page are measured. */
const SIZED_CHARACTERS = 2000;

export interface SizedLine {
  readonly text: string;
  /** Height of its tallest letter's box, in points. */
  readonly height: number;
}

export interface RawPage {
  readonly text: string;
  /** In points; 0 when the page cannot be read. */
  readonly height: number;
}

/** A PDF in the memory of PDFium. Every handle that a method opens is closed before it returns. */
export class PdfiumDocument implements Disposable {
  readonly #module: PdfiumModule;
  readonly #data: number;
  readonly #document: number;
  readonly #path: string;
  /** Size of the file. */
  readonly bytes: number;
  #broken = false;

  private constructor(module: PdfiumModule, data: number, document: number, path: string, bytes: number) {
    this.#path = path;
    this.bytes = bytes;
    this.#module = module;
    this.#data = data;
    this.#document = document;
  }

  /**
   * Reads the file once, straight into PDFium's memory.
   * @throws ScriptoriumError ENCRYPTED, CORRUPT_FILE
   */
  static async open(path: string): Promise<PdfiumDocument> {
    const module = await pdfiumModule();
    const file = openSync(path, 'r');
    try {
      return PdfiumDocument.#load(module, file, path);
    } finally {
      closeSync(file);
    }
  }

  static #load(module: PdfiumModule, file: number, path: string): PdfiumDocument {
    const { size } = fstatSync(file);
    const data = module.wasmExports.malloc(size);
    if (data === 0)
      throw new ScriptoriumError(
        'EXTRACTION_OUT_OF_MEMORY',
        `PDFium has no room for the ${size} bytes of "${path}".`,
      );
    try {
      readInto(file, module.HEAPU8.subarray(data, data + size));
      return new PdfiumDocument(module, data, loadMemory(module, data, size, path), path, size);
    } catch (error) {
      if (isTrap(error)) throw trapped(path, error);
      module.wasmExports.free(data);
      throw error;
    }
  }

  get pageCount(): number {
    return this.#guarded(() => this.#module._FPDF_GetPageCount(this.#document));
  }

  /** False when the cross-reference table was damaged and had to be guessed from the objects. */
  get isIntact(): boolean {
    return this.#guarded(() => this.#module._FPDF_DocumentHasValidCrossReferenceTable(this.#document) !== 0);
  }

  /** An entry of the information dictionary, such as `Title`; empty when there is none. */
  metadata(tag: string): string {
    const name = Buffer.from(`${tag}\0`, 'latin1');
    return this.#guarded(() =>
      withMemory(this.#module, name.length, (address) => {
        this.#module.HEAPU8.set(name, address);
        return readUtf16(this.#module, (buffer, bytes) =>
          this.#module._FPDF_GetMetaText(this.#document, address, buffer, bytes),
        );
      }),
    );
  }

  /**
   * The page's text, lines separated by CR LF; null when the page cannot be read.
   * @throws ScriptoriumError CORRUPT_FILE when the page breaks PDFium
   */
  page(index: number): RawPage | null {
    return this.#guarded(() => this.#readPage(index));
  }

  /** The first lines of a page with the height of their letters; empty when the page cannot be read. */
  firstLines(index: number): readonly SizedLine[] {
    return this.#guarded(() => this.#withTextOf(index, [], (text) => this.#sizedLines(text)));
  }

  /** The outline in its own order; entries that lead nowhere are left out, and loops are cut. */
  outline(): readonly OutlineEntry[] {
    return this.#guarded(() => [...this.#entries()]);
  }

  *#entries(): Generator<OutlineEntry> {
    const seen = new Set<number>();
    const waiting = [{ bookmark: this.#firstChild(0), depth: 0 }];
    for (
      let next = waiting.pop();
      next !== undefined && seen.size < MAX_OUTLINE_ENTRIES;
      next = waiting.pop()
    ) {
      const { bookmark, depth } = next;
      if (bookmark === 0 || seen.has(bookmark)) continue;
      seen.add(bookmark);
      yield* this.#entryOf(bookmark, depth);
      waiting.push({ bookmark: this.#module._FPDFBookmark_GetNextSibling(this.#document, bookmark), depth });
      if (depth < MAX_OUTLINE_DEPTH) waiting.push({ bookmark: this.#firstChild(bookmark), depth: depth + 1 });
    }
  }

  [Symbol.dispose](): void {
    if (this.#broken) return;
    this.#module._FPDF_CloseDocument(this.#document);
    this.#module.wasmExports.free(this.#data);
  }

  #guarded<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      if (!isTrap(error)) throw error;
      this.#broken = true;
      throw trapped(this.#path, error);
    }
  }

  #readPage(index: number): RawPage | null {
    return this.#withTextOf<RawPage | null>(index, null, (text, page) => {
      const count = Math.min(this.#module._FPDFText_CountChars(text), MAX_PAGE_CHARACTERS);
      const height = this.#module._FPDF_GetPageHeightF(page);
      return { text: count > 0 ? this.#characters(text, count) : '', height };
    });
  }

  /** Opens a page and its text for `use`; `otherwise` when the page cannot be read. */
  #withTextOf<T>(index: number, otherwise: T, use: (text: number, page: number) => T): T {
    const page = this.#module._FPDF_LoadPage(this.#document, index);
    if (page === 0) return otherwise;
    const text = this.#module._FPDFText_LoadPage(page);
    const result = text === 0 ? otherwise : use(text, page);
    if (text !== 0) this.#module._FPDFText_ClosePage(text);
    this.#module._FPDF_ClosePage(page);
    return result;
  }

  #sizedLines(text: number): readonly SizedLine[] {
    const lines: SizedLine[] = [];
    let open = { text: '', height: 0 };
    const count = Math.min(this.#module._FPDFText_CountChars(text), SIZED_CHARACTERS);
    for (let at = 0; at < count; at++) {
      const letter = String.fromCodePoint(this.#module._FPDFText_GetUnicode(text, at) % 0x110000);
      if (letter !== '\n')
        open = { text: open.text + letter, height: Math.max(open.height, this.#heightOf(text, at)) };
      else lines.push(open);
      if (letter === '\n') open = { text: '', height: 0 };
    }
    return [...lines, open].filter((line) => line.text.trim() !== '');
  }

  #heightOf(text: number, at: number): number {
    return withMemory(this.#module, 16, (rectangle) => {
      if (this.#module._FPDFText_GetLooseCharBox(text, at, rectangle) === 0) return 0;
      const [, top = 0, , bottom = 0] = this.#module.HEAPF32.subarray(rectangle >> 2, (rectangle >> 2) + 4);
      return Math.abs(top - bottom);
    });
  }

  #characters(text: number, count: number): string {
    return withMemory(this.#module, (count + 1) * 2, (address) => {
      const written = this.#module._FPDFText_GetText(text, 0, count, address);
      return utf16At(this.#module, address, Math.max(0, written - 1) * 2);
    });
  }

  #firstChild(bookmark: number): number {
    return this.#module._FPDFBookmark_GetFirstChild(this.#document, bookmark);
  }

  *#entryOf(bookmark: number, depth: number): Generator<OutlineEntry> {
    const destination = this.#destinationOf(bookmark);
    const page =
      destination === 0 ? -1 : this.#module._FPDFDest_GetDestPageIndex(this.#document, destination);
    if (page < 0) return;
    const title = readUtf16(this.#module, (buffer, bytes) =>
      this.#module._FPDFBookmark_GetTitle(bookmark, buffer, bytes),
    );
    yield { depth, title, page, top: this.#topOf(destination) };
  }

  #destinationOf(bookmark: number): number {
    const direct = this.#module._FPDFBookmark_GetDest(this.#document, bookmark);
    if (direct !== 0) return direct;
    const action = this.#module._FPDFBookmark_GetAction(bookmark);
    return action === 0 ? 0 : this.#module._FPDFAction_GetDest(this.#document, action);
  }

  #topOf(destination: number): number | null {
    return withMemory(this.#module, 24, (at) => {
      const found = this.#module._FPDFDest_GetLocationInPage(
        destination,
        at,
        at + 4,
        at + 8,
        at + 12,
        at + 16,
        at + 20,
      );
      const hasY = found !== 0 && this.#module.HEAP32[(at + 4) >> 2] !== 0;
      return hasY ? (this.#module.HEAPF32[(at + 16) >> 2] ?? null) : null;
    });
  }
}

function loadMemory(module: PdfiumModule, data: number, size: number, path: string): number {
  const document = module._FPDF_LoadMemDocument(data, size, 0);
  if (document !== 0) return document;
  if (PASSWORD_ERRORS.has(module._FPDF_GetLastError())) {
    throw new ScriptoriumError('ENCRYPTED', `"${path}" opens only with a password.`);
  }
  throw new ScriptoriumError('CORRUPT_FILE', `"${path}" is no PDF that PDFium can load.`);
}

function trapped(path: string, cause: unknown): ScriptoriumError {
  dropPdfiumModule();
  return new ScriptoriumError('CORRUPT_FILE', `"${path}" is damaged in a way that stops PDFium.`, { cause });
}

/** Synchronous, because PDFium's memory must not grow, and so move, in the middle. */
function readInto(file: number, target: Uint8Array): void {
  for (let at = 0; at < target.length; ) {
    const read = readSync(file, target, at, target.length - at, at);
    if (read === 0)
      throw new ScriptoriumError('SOURCE_CHANGED', 'The file became shorter while it was being read.');
    at += read;
  }
}
