/** A copy of the bytes in which one bit is another. Bits are counted from the lowest of the first byte. */
export function withFlippedBit(content: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(content);
  flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return flipped;
}
