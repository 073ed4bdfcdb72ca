import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type ByteSource,
  bytesOfFile,
  encodeRecord,
  encodeTrailer,
  readRecords,
  readTrailer,
} from '../../activities/adapters/files/record-log.ts';
import { withFlippedBit } from '../helpers/flipped-bit.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const payloads = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 });

describe('the records of a log', () => {
  test('come back as they were written, with where each ends', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, async (records) => {
        const ends = endsOf(records);
        const found = await recordsOf(logOf(records));
        expect(found).toEqual(
          records.map((payload, ordinal) => ({ ordinal, payload: Buffer.from(payload), end: ends[ordinal] })),
        );
      }),
      { numRuns: 40 },
    );
  });

  test('are read up to the one in which a file was cut, wherever that was', async () => {
    const records = [bytes(3), bytes(0), bytes(40), bytes(1), bytes(17)];
    const log = logOf(records);
    const ends = endsOf(records);
    for (let length = 0; length <= log.byteLength; length++) {
      const whole = ends.filter((end) => end <= length).length;
      expect(await countIn(log.subarray(0, length))).toBe(whole);
    }
  });

  test('are read up to the one in which a bit flipped, whichever it was', async () => {
    const records = [bytes(3), bytes(0), bytes(40), bytes(1), bytes(17)];
    const log = logOf(records);
    const ends = endsOf(records);
    for (let bit = 0; bit < log.byteLength * 8; bit++) {
      const before = ends.filter((end) => end <= bit >> 3).length;
      expect(await countIn(withFlippedBit(log, bit))).toBe(before);
    }
  });

  test('are none in a file of zeros, which is what a power cut may leave', async () => {
    for (const length of [1, 11, 12, 13, 24, 4096]) expect(await countIn(Buffer.alloc(length))).toBe(0);
  });

  test('end where zeros follow them', async () => {
    const log = Buffer.concat([logOf([bytes(5)]), Buffer.alloc(4096)]);
    expect(await countIn(log)).toBe(1);
  });

  test('end at one whose ordinal is not the next, though its checksum is right', async () => {
    const skipping = Buffer.concat([encodeRecord(0, bytes(2)), encodeRecord(2, bytes(2))]);
    expect(await countIn(skipping)).toBe(1);
    const repeating = Buffer.concat([encodeRecord(0, bytes(2)), encodeRecord(0, bytes(2))]);
    expect(await countIn(repeating)).toBe(1);
  });

  test('end before one that claims to be longer than any record', async () => {
    const absurd = Buffer.alloc(12);
    absurd.writeUInt32LE(0xff_ff_ff_f0, 4);
    expect(await countIn(Buffer.concat([logOf([bytes(4)]), absurd]))).toBe(1);
  });

  test('may be larger than what is read at once, and lie across its borders', async () => {
    const records = [bytes(250_000), bytes(700_000), bytes(9), bytes(262_144 - 12), bytes(1)];
    const found = await recordsOf(logOf(records));
    expect(found.map(({ payload }) => payload.byteLength)).toEqual(records.map((r) => r.byteLength));
    expect(found.every(({ payload, ordinal }) => payload.equals(records[ordinal] ?? Buffer.alloc(0)))).toBe(
      true,
    );
  });
});

describe('the trailer of a log', () => {
  const trailer = { records: 3, summary: { title: 'Ünïcode “quotes”', pages: 12, none: null } };

  test('comes back as it was written', async () => {
    const log = Buffer.concat([logOf([bytes(1), bytes(2), bytes(3)]), encodeTrailer(trailer)]);
    expect(await trailerOf(log)).toEqual(trailer);
  });

  test('is no record', async () => {
    const log = Buffer.concat([logOf([bytes(1), bytes(2), bytes(3)]), encodeTrailer(trailer)]);
    expect(await countIn(log)).toBe(3);
  });

  test('is missing from a file that was cut anywhere', async () => {
    const log = Buffer.concat([logOf([bytes(9)]), encodeTrailer(trailer)]);
    for (let length = 0; length < log.byteLength; length++)
      expect(await trailerOf(log.subarray(0, length))).toBeNull();
  });

  test('is not taken for a record, nor a record for it, when its length is damaged', async () => {
    const records = [bytes(3), Buffer.from('{"records":7,"summary":null}'), bytes(20)];
    const log = Buffer.concat([logOf(records), encodeTrailer(trailer)]);
    for (let start = 0; start < log.byteLength; start++) {
      const length = log.byteLength - 8 - start;
      if (length === log.readUInt32LE(log.byteLength - 8)) continue;
      const damaged = Buffer.from(log);
      damaged.writeInt32LE(length, log.byteLength - 8);
      expect(await trailerOf(damaged)).toBeNull();
    }
  });

  test('is missing when one of its own bits flipped', async () => {
    const start = logOf([bytes(9)]).byteLength;
    const log = Buffer.concat([logOf([bytes(9)]), encodeTrailer(trailer)]);
    for (let bit = start * 8; bit < log.byteLength * 8; bit++)
      expect(await trailerOf(withFlippedBit(log, bit))).toBeNull();
  });
});

function logOf(payloads: readonly Uint8Array[]): Buffer {
  return Buffer.concat(payloads.map((payload, ordinal) => encodeRecord(ordinal, payload)));
}

function endsOf(payloads: readonly Uint8Array[]): number[] {
  return payloads.map((_, ordinal) => logOf(payloads.slice(0, ordinal + 1)).byteLength);
}

/** Bytes that differ from place to place. */
function bytes(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + length) & 0xff));
}

async function countIn(log: Uint8Array): Promise<number> {
  return (await recordsOf(log)).length;
}

function recordsOf(log: Uint8Array) {
  return withFile(log, (file) => Array.fromAsync(readRecords(file, log.byteLength)));
}

function trailerOf(log: Uint8Array) {
  return withFile(log, (file) => readTrailer(file, log.byteLength));
}

async function withFile<T>(content: Uint8Array, use: (file: ByteSource) => Promise<T>): Promise<T> {
  await using folder = await tempFolder();
  await using file = await open(join(folder.path, 'log'), 'w+');
  await file.write(content);
  return await use(bytesOfFile(file));
}
