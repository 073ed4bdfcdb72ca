/**
 * The file format of artifacts: records in order, each with its ordinal, length and checksum, then a trailer that
 * makes the file whole. A reader trusts nothing: what a crash left at the end of a file is found and cut off.
 *
 *     record  = ordinal u32 · length u32 · CRC-32 of ordinal, length and payload u32 · payload   (little-endian)
 *     trailer = record with ordinal 0xFFFFFFFF, payload {"records", "summary"} as JSON
 *     footer  = length of the trailer record u32 · magic u32
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { ScriptoriumError } from '../../errors.ts';

const HEADER_BYTES = 12;
/** Ordinal and length stand before the checksum. */
const CHECKSUM_OFFSET = 8;
const FOOTER_BYTES = 8;
const TRAILER_ORDINAL = 0xff_ff_ff_ff;
const MAGIC = 0x53_43_52_31;
/** Read at once; records are far smaller. */
const BLOCK_BYTES = 256 * 1024;
/** A longer one is damage, not a record. */
const MAX_RECORD_BYTES = 256 * 1024 * 1024;

const trailerSchema = z.object({ records: z.int().min(0), summary: z.unknown() });
export type Trailer = z.infer<typeof trailerSchema>;

/** Where the bytes of an artifact lie: a file, or an object of a bucket. */
export interface ByteSource {
  /** So many bytes from there; fewer only where it ends. */
  read(position: number, length: number): Promise<Buffer>;
}

export function bytesOfFile(file: FileHandle): ByteSource {
  return {
    read: async (position, length) => {
      const bytes = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(bytes, 0, length, position);
      return bytes.subarray(0, bytesRead);
    },
  };
}

export interface LogRecord {
  readonly ordinal: number;
  readonly payload: Buffer;
  /** Offset of the byte behind the record. */
  readonly end: number;
}

export function encodeRecord(ordinal: number, payload: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + payload.byteLength);
  record.writeUInt32LE(ordinal, 0);
  record.writeUInt32LE(payload.byteLength, 4);
  record.writeUInt32LE(checksumOf(record, payload), CHECKSUM_OFFSET);
  record.set(payload, HEADER_BYTES);
  return record;
}

export function encodeTrailer(trailer: Trailer): Buffer {
  const record = encodeRecord(TRAILER_ORDINAL, Buffer.from(JSON.stringify(trailer)));
  const footer = Buffer.allocUnsafe(FOOTER_BYTES);
  footer.writeUInt32LE(record.byteLength, 0);
  footer.writeUInt32LE(MAGIC, 4);
  return Buffer.concat([record, footer]);
}

/** Most trailers fit into so many bytes, and so one read finds them. */
const TAIL_BYTES = 2_048;

/** The trailer of a whole file of `size` bytes; null when the file is not whole. */
export async function readTrailer(file: ByteSource, size: number): Promise<Trailer | null> {
  const tail = await bytesAt(file, Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES));
  if (tail === null || size < FOOTER_BYTES) return null;
  const footer = tail.subarray(-FOOTER_BYTES);
  if (footer.readUInt32LE(4) !== MAGIC) return null;
  const length = footer.readUInt32LE(0);
  const whole = length + FOOTER_BYTES;
  const record =
    whole <= tail.byteLength
      ? tail.subarray(tail.byteLength - whole, -FOOTER_BYTES)
      : await bytesAt(file, size - whole, length);
  const payload = record && payloadOf(record, 0);
  // A damaged length may lead to a record that is whole, and no trailer.
  return payload && record.readUInt32LE(0) === TRAILER_ORDINAL
    ? trailerSchema.parse(JSON.parse(payload.toString()))
    : null;
}

/**
 * Records in the first `size` bytes, in order until the first that is torn, damaged or out of order; the trailer ends them
 * as well. `first` is the ordinal of the first one.
 */
export async function* readRecords(
  file: ByteSource,
  size: number,
  { first = 0, blockBytes = BLOCK_BYTES }: { readonly first?: number; readonly blockBytes?: number } = {},
): AsyncGenerator<LogRecord> {
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  let end = 0;
  for (let expected = first; ; ) {
    const payload = payloadOf(rest, 0);
    if (payload) {
      if (rest.readUInt32LE(0) !== expected) return;
      const length = HEADER_BYTES + payload.byteLength;
      end += length;
      rest = rest.subarray(length);
      yield { ordinal: expected++, payload, end };
      continue;
    }
    if (isDamaged(rest)) return;
    // No more than there is: most files are far smaller than a block, and what is allocated in vain wakes the collector.
    const wanted = Math.min(Math.max(blockBytes, missingBytes(rest)), size - position);
    if (wanted <= 0) return;
    const read = await file.read(position, wanted);
    if (read.byteLength === 0) return;
    position += read.byteLength;
    rest = rest.byteLength === 0 ? read : Buffer.concat([rest, read]);
  }
}

/** @throws ScriptoriumError ARTIFACT_CORRUPT */
export function damaged(path: string): ScriptoriumError {
  return new ScriptoriumError('ARTIFACT_CORRUPT', `The intermediate file ${path} is damaged`);
}

/** The payload of the record that begins the bytes, when all of it is there and its checksum is right. */
function payloadOf(bytes: Buffer, at: number): Buffer | null {
  if (bytes.byteLength < at + HEADER_BYTES) return null;
  const length = bytes.readUInt32LE(at + 4);
  const payload = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
  if (payload.byteLength !== length) return null;
  return checksumOf(bytes.subarray(at), payload) === bytes.readUInt32LE(at + CHECKSUM_OFFSET)
    ? payload
    : null;
}

/** Over the header too: otherwise twelve zeros, as a power cut may leave them, were an empty record 0. */
function checksumOf(header: Buffer, payload: Uint8Array): number {
  return crc32(payload, crc32(header.subarray(0, CHECKSUM_OFFSET)));
}

/** True when more bytes could not make a record of these. */
function isDamaged(bytes: Buffer): boolean {
  if (bytes.byteLength < HEADER_BYTES) return false;
  const length = bytes.readUInt32LE(4);
  return length > MAX_RECORD_BYTES || bytes.byteLength >= HEADER_BYTES + length;
}

function missingBytes(bytes: Buffer): number {
  return bytes.byteLength < HEADER_BYTES
    ? HEADER_BYTES
    : HEADER_BYTES + bytes.readUInt32LE(4) - bytes.byteLength;
}

async function bytesAt(file: ByteSource, position: number, length: number): Promise<Buffer | null> {
  if (position < 0 || length > MAX_RECORD_BYTES) return null;
  const bytes = await file.read(position, length);
  return bytes.byteLength === length ? bytes : null;
}
