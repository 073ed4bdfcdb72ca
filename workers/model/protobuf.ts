/** As much of Protocol Buffers' wire format as an ONNX file needs (protobuf.dev, "Encoding"). */

/** A message: its fields in the order in which they were added. */
export class Message {
  readonly #parts: Uint8Array[] = [];

  /** @param value a safe integer; a negative one takes ten bytes, as the format has it */
  int(field: number, value: number): this {
    return this.#add(varint(field * 8), varint(value));
  }

  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return this.#add(varint(field * 8 + 5), bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#add(varint(field * 8 + 2), varint(value.byteLength), value);
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encoded());
  }

  encoded(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #add(...parts: readonly Uint8Array[]): this {
    this.#parts.push(...parts);
    return this;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) + 128);
  }
}
