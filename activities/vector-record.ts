/** A record of a vectors artifact: little-endian float32. */
export function vectorRecord({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The bytes are copied, because a record need not lie at a multiple of four. */
export function parseVector(record: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(record).buffer);
}
