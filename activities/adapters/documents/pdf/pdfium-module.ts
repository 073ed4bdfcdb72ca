import { PDFiumModule } from '@hyzyla/pdfium';
import { ScriptoriumError } from '../../../errors.ts';

/**
 * The functions of PDFium that text needs, as its WebAssembly build exports them. All numbers are addresses in its
 * memory, counts or handles; a handle of 0 is a failure. The package types only what rendering uses.
 */
export interface PdfiumModule {
  readonly HEAPU8: Uint8Array;
  readonly HEAPF32: Float32Array;
  readonly HEAP32: Int32Array;
  readonly wasmExports: { malloc(bytes: number): number; free(address: number): void };
  _FPDF_InitLibrary(): void;
  _FPDF_LoadMemDocument(data: number, bytes: number, password: number): number;
  _FPDF_GetLastError(): number;
  _FPDF_CloseDocument(document: number): void;
  _FPDF_DocumentHasValidCrossReferenceTable(document: number): number;
  _FPDF_GetPageCount(document: number): number;
  _FPDF_GetMetaText(document: number, tag: number, buffer: number, bytes: number): number;
  _FPDF_LoadPage(document: number, index: number): number;
  _FPDF_GetPageHeightF(page: number): number;
  _FPDF_ClosePage(page: number): void;
  _FPDFText_LoadPage(page: number): number;
  _FPDFText_CountChars(text: number): number;
  _FPDFText_GetText(text: number, start: number, count: number, buffer: number): number;
  _FPDFText_GetUnicode(text: number, index: number): number;
  _FPDFText_GetLooseCharBox(text: number, index: number, rectangle: number): number;
  _FPDFText_ClosePage(text: number): void;
  _FPDFBookmark_GetFirstChild(document: number, bookmark: number): number;
  _FPDFBookmark_GetNextSibling(document: number, bookmark: number): number;
  _FPDFBookmark_GetTitle(bookmark: number, buffer: number, bytes: number): number;
  _FPDFBookmark_GetDest(document: number, bookmark: number): number;
  _FPDFBookmark_GetAction(bookmark: number): number;
  _FPDFAction_GetDest(document: number, action: number): number;
  _FPDFDest_GetDestPageIndex(document: number, destination: number): number;
  _FPDFDest_GetLocationInPage(
    destination: number,
    hasX: number,
    hasY: number,
    hasZoom: number,
    x: number,
    y: number,
    zoom: number,
  ): number;
}

let loading: Promise<PdfiumModule> | null = null;

/** The one instance of this process. Compiling it takes a moment, and a second one 70 MB. */
export function pdfiumModule(): Promise<PdfiumModule> {
  loading ??= load();
  return loading;
}

/** After a trap the instance's memory cannot be trusted: the next document gets a new one. */
export function dropPdfiumModule(): void {
  loading = null;
}

/** True for what WebAssembly throws when it cannot go on: out of bounds, stack overflow, abort. Not where memory was refused. */
export function isTrap(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'RuntimeError' || (error.name === 'RangeError' && /call stack/i.test(error.message));
}

async function load(): Promise<PdfiumModule> {
  const loaded: unknown = await PDFiumModule({ locateFile: wasmPath });
  assertPdfium(loaded);
  loaded._FPDF_InitLibrary();
  return loaded;
}

function wasmPath(file: string): string {
  return decodeURIComponent(new URL(file, import.meta.resolve('@hyzyla/pdfium')).pathname);
}

/** Only the newest of the used functions is looked for; they are exported all or none. */
function assertPdfium(value: unknown): asserts value is PdfiumModule {
  if (typeof value === 'object' && value !== null && '_FPDF_DocumentHasValidCrossReferenceTable' in value)
    return;
  throw new TypeError('This build of PDFium lacks functions that are needed.');
}

/** Runs `use` with `bytes` of PDFium's memory, which are freed afterwards. */
export function withMemory<T>(module: PdfiumModule, bytes: number, use: (address: number) => T): T {
  const address = module.wasmExports.malloc(Math.max(1, bytes));
  if (address === 0)
    throw new ScriptoriumError('EXTRACTION_OUT_OF_MEMORY', `PDFium has no ${bytes} bytes of memory left.`);
  try {
    return use(address);
  } finally {
    module.wasmExports.free(address);
  }
}

/**
 * Text that PDFium writes as UTF-16LE: asked for its length first, then for itself.
 * @param write fills a buffer of `bytes` at `address` (0, 0 to ask) and returns the length in bytes, final 0 included
 */
export function readUtf16(module: PdfiumModule, write: (address: number, bytes: number) => number): string {
  const bytes = write(0, 0);
  if (bytes <= 2 || bytes > MAX_STRING_BYTES) return '';
  return withMemory(module, bytes, (address) => {
    write(address, bytes);
    return utf16At(module, address, bytes - 2);
  });
}

/** Titles longer than this are attacks. */
const MAX_STRING_BYTES = 64 * 1024;

export function utf16At(module: PdfiumModule, address: number, bytes: number): string {
  return Buffer.from(module.HEAPU8.buffer, address, bytes).toString('utf16le');
}
