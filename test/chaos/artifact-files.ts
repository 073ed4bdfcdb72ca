/** A reader of artifact files of its own, from the format that `docs/architecture.md` promises; it checks every byte. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';

const HEADER_BYTES = 12;
const FOOTER_BYTES = 8;
const TRAILER_ORDINAL = 0xff_ff_ff_ff;
const MAGIC = 0x53_43_52_31;

export interface Artifacts {
  /** Records by key, `chunks/<hash>`. */
  readonly whole: ReadonlyMap<string, readonly Buffer[]>;
  /** Half-written ones, by path. */
  readonly partial: readonly string[];
  /** What is wrong with a file. */
  readonly faults: readonly string[];
}

export async function readArtifacts(folder: string): Promise<Artifacts> {
  const whole = new Map<string, Buffer[]>();
  const partial: string[] = [];
  const faults: string[] = [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (entry.name.endsWith('.partial')) {
      partial.push(path);
      continue;
    }
    const [kind = ''] = path.slice(folder.length + 1).split('/');
    try {
      whole.set(`${kind}/${entry.name}`, recordsIn(await readFile(path)));
    } catch (error) {
      faults.push(`artifact ${path}: ${String(error)}`);
    }
  }
  return { whole, partial, faults };
}

const trailer = z.object({ records: z.number() });

/** @throws Error when a byte is not as it should be */
function recordsIn(bytes: Buffer): Buffer[] {
  const end = bytes.byteLength - FOOTER_BYTES;
  if (end < HEADER_BYTES || bytes.readUInt32LE(end + 4) !== MAGIC) throw new Error('it has no footer');
  const trailerAt = end - bytes.readUInt32LE(end);
  const records: Buffer[] = [];
  let at = 0;
  for (; at < trailerAt; at += HEADER_BYTES + (records.at(-1)?.byteLength ?? 0))
    records.push(recordAt(bytes, at, records.length));
  if (at !== trailerAt) throw new Error(`its records end at ${at}, its trailer begins at ${trailerAt}`);
  const told = trailer.parse(JSON.parse(recordAt(bytes, trailerAt, TRAILER_ORDINAL).toString()));
  if (told.records !== records.length)
    throw new Error(`its trailer tells of ${told.records} records, and there are ${records.length}`);
  return records;
}

function recordAt(bytes: Buffer, at: number, ordinal: number): Buffer {
  if (bytes.readUInt32LE(at) !== ordinal) throw new Error(`record ${ordinal} is not at ${at}`);
  const payload = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + bytes.readUInt32LE(at + 4));
  const sum = crc32(payload, crc32(bytes.subarray(at, at + 8)));
  if (sum !== bytes.readUInt32LE(at + 8)) throw new Error(`the checksum of record ${ordinal} is wrong`);
  return payload;
}
