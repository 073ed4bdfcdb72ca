/** Formats that Scriptorium reads. */
export const bookFormats = ['pdf', 'epub', 'docx', 'html', 'markdown', 'text'] as const;
export type BookFormat = (typeof bookFormats)[number];

/** What a file says of itself. `null` where it says nothing. */
export interface DocumentMeta {
  readonly format: BookFormat;
  readonly title: string | null;
  readonly author: string | null;
  /** BCP 47 tag, as the file gives it. */
  readonly language: string | null;
  readonly year: number | null;
  /** Number of units that `read` serves: pages of a PDF, otherwise sections. */
  readonly units: number;
  /** True when the units are pages with page numbers. */
  readonly paged: boolean;
  /** Name of the engine that read it, for example `pdfium`. */
  readonly engine: string;
  /** Parts that the file lists and does not hold, beside `units`. Absent when there are none. */
  readonly unreadable?: number | undefined;
}

/** One unit of a document with clean text: a page of a PDF, a section of anything else. */
export interface PageText {
  /** Position of the unit in the document, from 0. */
  readonly index: number;
  /** Page number from 1; `null` for formats without pages. */
  readonly page: number | null;
  /** Heading trail at this place, outermost first; empty when unknown. */
  readonly section: readonly string[];
  readonly text: string;
  /** The file is damaged there, and `text` is empty for that. */
  readonly unreadable?: true | undefined;
}

/** Reads one format. Runs inside the sandbox only, never in the process of the workers. */
export interface Extractor {
  /** @throws ScriptoriumError CORRUPT_FILE, ENCRYPTED, UNSUPPORTED_FORMAT, UNSAFE_ARCHIVE, TOO_LARGE, EMPTY_FILE */
  open(path: string, limits: DocumentLimits): Promise<OpenDocument>;
}

export interface OpenDocument extends AsyncDisposable {
  readonly meta: DocumentMeta;
  /** Units `from` (inclusive) to `to` (exclusive), in order, with clean text. */
  read(from: number, to: number): Promise<readonly PageText[]>;
}

/** Limits for one untrusted file. */
export interface DocumentLimits {
  /** Largest PDF, EPUB or DOCX file, in bytes. */
  readonly maxFileBytes: number;
  /** Largest text, HTML or Markdown file, and largest expanded text of an archive, in bytes. */
  readonly maxTextBytes: number;
}

/** Limits for a process of the sandbox. */
export interface SandboxLimits extends DocumentLimits {
  /** Longest time for one request to the sandbox, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest resident memory of one sandbox process, in bytes. */
  readonly maxMemoryBytes: number;
}

/** How a chunk is cut. Every field is part of the pipeline fingerprint. */
export interface ChunkOptions {
  /** Largest number of tokens of a chunk, special tokens of the model included. */
  readonly maxTokens: number;
  /** Largest number of tokens repeated from the end of the chunk before. */
  readonly overlapTokens: number;
}

/** A passage sized by the embedding model's own tokenizer. */
export interface Chunk {
  /** Position in the book, from 0, without gaps. */
  readonly ordinal: number;
  readonly text: string;
  /** Tokens of `text`, special tokens included. */
  readonly tokens: number;
  readonly page: { readonly start: number; readonly end: number } | null;
  readonly section: readonly string[];
}

export interface ChunkPlace {
  readonly signal?: AbortSignal;
  /** In a process that nothing was read or cut in before. Default false. */
  readonly fresh?: boolean;
}

/**
 * Reads and cuts documents outside the process of the workers, each request within limits of time and memory.
 * A process that breaks a limit is killed; the next request gets a fresh one.
 */
export interface DocumentSandbox extends AsyncDisposable {
  /**
   * Opens a document in a process of its own (waits for a free one).
   * @throws ScriptoriumError what the extractor throws, or EXTRACTION_TIMEOUT, EXTRACTION_OUT_OF_MEMORY, EXTRACTION_CRASHED
   */
  open(path: string, signal?: AbortSignal): Promise<OpenDocument>;
  /** Cuts units into chunks. Units come in order; chunks come in order. Same errors as `open`. */
  chunk(
    units: AsyncIterable<PageText>,
    options: ChunkOptions,
    tokenizerPath: string,
    place?: ChunkPlace,
  ): AsyncIterable<readonly Chunk[]>;
}
