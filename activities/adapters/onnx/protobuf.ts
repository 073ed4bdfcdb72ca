/** As much of the Protocol Buffers encoding as model files need (developers.google.com, Protocol Buffers, Encoding). */

/** A field that holds bytes: a message, a text, or packed numbers. */
export interface BytesField {
  readonly field: number;
  readonly bytes: Uint8Array;
}

/** The fields of a message that hold bytes; numbers are passed over. @throws Error when it is none */
export function* bytesFieldsOf(bytes: Uint8Array): Generator<BytesField> {
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    const wireType = tag % 8;
    if (wireType === 0) readVarint(reader);
    else if (wireType === 1) reader.at += 8;
    else if (wireType === 5) reader.at += 4;
    else if (wireType === 2) yield { field: Math.floor(tag / 8), bytes: readBytes(reader) };
    else throw new Error('the file is no ONNX model');
  }
}

/** What stands in one of its fields, as often as that is there. @throws Error when it is no message */
export function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  return [...bytesFieldsOf(message)].flatMap(({ field, bytes }) => (field === wanted ? [bytes] : []));
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function readBytes(reader: Reader): Uint8Array {
  const length = readVarint(reader);
  const from = reader.at;
  reader.at += length;
  if (reader.at > reader.bytes.length) throw new Error('the file is cut off');
  return reader.bytes.subarray(from, reader.at);
}

/** As a number: sizes and tags are below 2^53. */
function readVarint(reader: Reader): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new Error('the file is cut off');
    value += (byte % 128) * factor;
    if (byte < 128) return value;
  }
}

/** A message, or bytes, in a field; the parts are joined. */
export function bytesField(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint(field * 8 + 2), varint(length), ...parts]);
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, Buffer.from(text, 'utf8'));
}

/** @param value whole; one below 0 takes ten bytes, as the encoding has it */
export function wholeField(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint(field * 8 + 5), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  return Uint8Array.of(...bytes, Number(rest));
}
