/** Source file → pages artifact: one record a page or section, with clean text. */
import { basename, extname } from 'node:path';
import { z } from 'zod';
import type { StageLimits } from './attempt.ts';
import { ScriptoriumError } from './errors.ts';
import { requireWorkerModel } from './library-model.ts';
import { fingerprintOf, type Pipeline, pagesKeyOf, revisionOf } from './pipeline.ts';
import type { ArtifactStore, ArtifactWriter } from './ports/artifact-store.ts';
import type { Catalog } from './ports/catalog.ts';
import { bookFormats, type DocumentSandbox, type OpenDocument, type PageText } from './ports/documents.ts';
import { assertUnchanged, sha256OfFile, stateOfSource } from './sources/source-file.ts';
import { ingestStage, type StageContext } from './stage.ts';
import { countLetters, hasText } from './text/quality.ts';

export interface ExtractPorts {
  readonly limits: StageLimits;
  readonly sandbox: DocumentSandbox;
  readonly artifacts: ArtifactStore;
  /** Tells the model that the library is pinned to. */
  readonly catalog: Catalog;
  readonly pipeline: Pipeline;
  readonly roots: readonly string[];
}

export interface ExtractInput {
  readonly library: string;
  readonly bookId: string;
  readonly path: string;
}

/** What the summary of a pages artifact says of its book. */
export const pagesSummary = z.object({
  format: z.enum(bookFormats),
  title: z.string().nullable(),
  author: z.string().nullable(),
  language: z.string().nullable(),
  year: z.number().nullable(),
  paged: z.boolean(),
  letters: z.number(),
  unreadable: z.number().optional(),
});
type PagesSummary = z.infer<typeof pagesSummary>;

export interface ExtractedBook {
  readonly pagesKey: string;
  readonly sha256: string;
  readonly revision: string;
  readonly pipeline: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  /** Pages or sections. */
  readonly pages: number;
  /** Of the pages, or beside them, what the file is too damaged to give; absent when it gave all. */
  readonly unreadable?: number | undefined;
  readonly format: string;
  readonly title: string;
  readonly author: string | null;
  readonly language: string | null;
  readonly year: number | null;
}

/** Pages that are read, sent and appended at once: what a crash costs, and what memory holds. */
const PAGES_PER_RANGE = 64;

export type ExtractActivities = ReturnType<typeof createExtractActivities>;

export function createExtractActivities(ports: ExtractPorts) {
  return {
    extractBook: ingestStage(async (input: ExtractInput, context): Promise<ExtractedBook> => {
      await requireWorkerModel(ports.catalog, input.library, ports.pipeline.embedderId);
      const before = await stateOfSource(input.path, ports.roots);
      if (before.bytes === 0) throw new ScriptoriumError('EMPTY_FILE', `${input.path} has no content`);
      // Within roots it is the checked path that is read, whatever a link leads to by now; elsewhere the name tells the format.
      const readPath = ports.roots.length > 0 ? before.realPath : input.path;
      const sha256 = await sha256OfFile(readPath, context.signal);
      const pagesKey = pagesKeyOf(sha256, ports.pipeline, readPath);
      const isStillHashed = () => assertUnchanged(input.path, before, ports.roots);
      const { summary, pages } =
        (await finished(ports, pagesKey)) ??
        (await extract(ports, { ...input, readPath, isStillHashed }, pagesKey, context).catch(
          async (error: unknown) => {
            // What is half the former and half the newer content may look broken.
            context.signal.throwIfAborted();
            await isStillHashed();
            throw error;
          },
        ));
      await isStillHashed();
      if (!hasText(summary.letters, pages, summary.paged))
        throw new ScriptoriumError('NO_TEXT', `${input.path} holds no text`);
      const { format, author, language, year, unreadable = 0 } = summary;
      return {
        ...{
          pagesKey,
          sha256,
          revision: revisionOf(sha256, ports.pipeline),
          pipeline: fingerprintOf(ports.pipeline),
        },
        ...{ bytes: before.bytes, mtimeMs: before.mtimeMs, pages, ...(unreadable > 0 && { unreadable }) },
        ...{
          format,
          title: summary.title ?? basename(input.path, extname(input.path)),
          author,
          language,
          year,
        },
      };
    }, ports.limits),
  };
}

async function finished(
  { artifacts }: ExtractPorts,
  key: string,
): Promise<{ summary: PagesSummary; pages: number } | null> {
  await using reader = await artifacts.open(key);
  return reader && { summary: pagesSummary.parse(reader.summary), pages: reader.records };
}

interface HashedSource extends ExtractInput {
  readonly readPath: string;
  /** @throws ScriptoriumError SOURCE_CHANGED where the file is no longer the one whose hash names the artifact */
  readonly isStillHashed: () => Promise<void>;
}

/**
 * Goes on where an earlier attempt stopped, range by range. Nothing is written that was read after the file had changed: it would be
 * found, whole and with good checksums, as soon as the former content is back.
 */
async function extract(ports: ExtractPorts, input: HashedSource, key: string, context: StageContext) {
  await using document = await ports.sandbox.open(input.readPath, context.signal);
  // It may have waited for a free process.
  await input.isStillHashed();
  await using writer = await ports.artifacts.create(key, input.bookId, 'resume');
  const { units } = document.meta;
  let { letters, unreadable } = await foundIn(writer);
  for (let from = writer.records; from < units; from = writer.records) {
    context.signal.throwIfAborted();
    const pages = await readRange(document, from, Math.min(units, from + PAGES_PER_RANGE));
    await input.isStillHashed();
    await writer.append(pages.map((page) => Buffer.from(JSON.stringify(page))));
    const found = totalOf(pages);
    letters += found.letters;
    unreadable += found.unreadable;
    context.progress(writer.records, units);
  }
  const summary: PagesSummary = {
    ...{ ...document.meta, letters },
    unreadable: unreadable + (document.meta.unreadable ?? 0),
  };
  await writer.commit(summary);
  return { summary, pages: units };
}

async function readRange(document: OpenDocument, from: number, to: number): Promise<readonly PageText[]> {
  const pages = await document.read(from, to);
  if (pages.length !== to - from)
    throw new Error(`${to - from} pages were asked for, and ${pages.length} came`);
  return pages;
}

interface Found {
  readonly letters: number;
  readonly unreadable: number;
}

function totalOf(pages: readonly PageText[]): Found {
  return {
    letters: pages.reduce((sum, page) => sum + countLetters(page.text), 0),
    unreadable: pages.filter((page) => page.unreadable).length,
  };
}

/** By an earlier attempt. */
async function foundIn(writer: ArtifactWriter): Promise<Found> {
  let letters = 0;
  let unreadable = 0;
  for await (const record of writer.read()) {
    const found = totalOf([parsePage(record)]);
    letters += found.letters;
    unreadable += found.unreadable;
  }
  return { letters, unreadable };
}

const pageText = z.object({
  index: z.number(),
  page: z.number().nullable(),
  section: z.array(z.string()),
  text: z.string(),
  unreadable: z.literal(true).optional(),
});

/** A record of a pages artifact. */
export function parsePage(record: Buffer): PageText {
  return pageText.parse(JSON.parse(record.toString()));
}
