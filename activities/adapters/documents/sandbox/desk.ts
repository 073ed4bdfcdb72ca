import { ScriptoriumError } from '../../../errors.ts';
import type { DocumentMeta, OpenDocument, PageText } from '../../../ports/documents.ts';
import { Chunker } from '../../../text/chunker.ts';
import { clip } from '../../../text/clip.ts';
import type { TokenCounter } from '../../../text/tokens.ts';
import { openDocument } from '../open-document.ts';
import type { SandboxRequest } from './protocol.ts';
import { openTokenCounter } from './tokenizer.ts';

/** What lies open in a sandbox process: one document or one chunker at a time. */
export class Desk {
  #document: OpenDocument | null = null;
  #chunker: Chunker | null = null;
  #tokenizer: { readonly path: string; readonly counter: TokenCounter } | null = null;

  /** Does one request. What it returns fits the schema that the asker expects. */
  async handle(request: SandboxRequest): Promise<unknown> {
    switch (request.kind) {
      case 'open':
        await this.#clear();
        this.#document = await openDocument(request.path, request.limits);
        return clippedMeta(this.#document.meta);
      case 'read':
        return (await needed(this.#document).read(request.from, request.to)).map(withClippedSection);
      case 'close':
        return await this.#clear();
      case 'chunk-start':
        await this.#clear();
        this.#chunker = new Chunker(request.options, await this.#counter(request.tokenizerPath));
        return undefined;
      case 'chunk-push':
        return await needed(this.#chunker).push(request.units);
      case 'chunk-finish':
        return await needed(this.#chunker).finish();
    }
  }

  async #clear(): Promise<void> {
    const document = this.#document;
    this.#document = null;
    this.#chunker = null;
    await document?.[Symbol.asyncDispose]();
  }

  async #counter(path: string): Promise<TokenCounter> {
    if (this.#tokenizer?.path !== path) this.#tokenizer = { path, counter: await openTokenCounter(path) };
    return this.#tokenizer.counter;
  }
}

/** Longest title, author or heading, and deepest trail, that a book may have: what is longer is an attack or an accident. */
const MAX_TITLE = 300;
const MAX_LANGUAGE = 35;
const MAX_DEPTH = 8;

function clippedMeta(meta: DocumentMeta): DocumentMeta {
  const { title, author, language } = meta;
  return {
    ...meta,
    title: title && clip(title, MAX_TITLE),
    author: author && clip(author, MAX_TITLE),
    language: language && clip(language, MAX_LANGUAGE),
  };
}

/** Every chunk carries the trail, so its length counts many times. */
function withClippedSection(unit: PageText): PageText {
  return { ...unit, section: unit.section.slice(0, MAX_DEPTH).map((heading) => clip(heading, MAX_TITLE)) };
}

function needed<T>(open: T | null): T {
  if (open === null)
    throw new ScriptoriumError('INTERNAL', 'The sandbox was asked for what it has not opened.');
  return open;
}
