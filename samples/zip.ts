import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { ZipFile } from 'yazl';

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Buffer;
  /** True to keep it uncompressed, as EPUB demands of `mimetype`. */
  readonly stored?: boolean;
}

/**
 * A zip archive with the entries in the given order, and the same bytes for the same entries on every machine.
 * No extended timestamps are written: EPUB forbids extra fields on its first entry (OCF 3.3, "ZIP container").
 */
export async function zip(entries: readonly ZipEntry[], year: number): Promise<Buffer> {
  // The MS-DOS time of an entry is local time, so a local date is the one that is equal in all time zones.
  const mtime = new Date(year, 0, 1);
  const archive = new ZipFile();
  for (const { name, data, stored = false } of entries) {
    archive.addBuffer(data, name, { mtime, forceDosTimestamp: true, compress: !stored });
  }
  archive.end();
  return buffer(archive.outputStream);
}

/** The entries of an archive, in their order. */
export async function unzip(archive: Buffer): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  const zipFile = await fromBufferPromise(archive);
  for await (const entry of zipFile.eachEntry()) {
    entries.push({ name: entry.fileName, data: await buffer(await zipFile.openReadStreamPromise(entry)) });
  }
  return entries;
}
