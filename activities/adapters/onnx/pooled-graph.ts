/**
 * Adds pooling to a sentence-transformer's graph: what would leave the device is then one vector a text instead of one a
 * token, 256 times less.
 *
 * A model file is a protobuf message, and two such messages one behind the other are merged by every reader: fields that
 * repeat are joined (Protocol Buffers, Encoding, "Last One Wins"; ONNX: ModelProto.graph = 7, GraphProto.node = 1,
 * input = 11, output = 12). So the added nodes are simply written behind the file.
 */

/** Input: weight of each token, `rows` × 1 × `tokens`, float32. Ones and zeros by the mask for the mean. */
export const POOLING_WEIGHTS = 'scriptorium_pooling_weights';
/** Output: weighted sums of the hidden states, `rows` × 1 × `dimensions`, float32 whatever the model computes in. */
export const POOLED = 'scriptorium_pooled';

const MODEL_GRAPH = 7;
const GRAPH = { node: 1, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, i: 3, type: 20 } as const;
/** AttributeProto.INT. */
const INT = 2;
/** TensorProto.FLOAT. */
const FLOAT = 1;

/** @throws Error when the file is no ONNX model with an output */
export function withPooling(model: Uint8Array): Uint8Array {
  const hidden = hiddenStateOf(model);
  const graph = [
    ...message(GRAPH.node, node('Cast', [hidden], 'scriptorium_hidden', castAttribute())),
    ...message(GRAPH.node, node('MatMul', [POOLING_WEIGHTS, 'scriptorium_hidden'], POOLED)),
    ...message(GRAPH.input, tensorInfo(POOLING_WEIGHTS)),
    ...message(GRAPH.output, tensorInfo(POOLED)),
  ];
  return Buffer.concat([model, Uint8Array.from(message(MODEL_GRAPH, graph))]);
}

/** By the names that exporters give it; otherwise it is the first output. */
const HIDDEN_STATES = ['last_hidden_state', 'token_embeddings'];

function hiddenStateOf(model: Uint8Array): string {
  const outputs = [...fieldsOf(model)]
    .filter(({ field }) => field === MODEL_GRAPH)
    .flatMap(({ bytes }) => [...fieldsOf(bytes)].filter(({ field }) => field === GRAPH.output))
    .map(({ bytes }) => nameOf(bytes));
  const hidden = HIDDEN_STATES.find((name) => outputs.includes(name)) ?? outputs[0];
  if (hidden) return hidden;
  throw new Error('the file is no ONNX model with an output');
}

/** Of a ValueInfoProto: its field 1. */
function nameOf(info: Uint8Array): string {
  const name = [...fieldsOf(info)].find(({ field }) => field === 1);
  return Buffer.from(name?.bytes ?? []).toString('utf8');
}

/** The fields of a message that hold bytes; numbers are passed over. */
function* fieldsOf(bytes: Uint8Array): Generator<{ readonly field: number; readonly bytes: Uint8Array }> {
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    const wireType = tag % 8;
    if (wireType === 0) readVarint(reader);
    else if (wireType === 1) reader.at += 8;
    else if (wireType === 5) reader.at += 4;
    else if (wireType === 2) {
      const length = readVarint(reader);
      const from = reader.at;
      reader.at += length;
      if (reader.at > bytes.length) throw new Error('the file is cut off');
      yield { field: Math.floor(tag / 8), bytes: bytes.subarray(from, reader.at) };
    } else throw new Error('the file is no ONNX model');
  }
}

/** As a number: sizes and tags are below 2^53. */
function readVarint(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new Error('the file is cut off');
    value += (byte % 128) * shift;
    if (byte < 128) return value;
  }
}

function node(opType: string, inputs: readonly string[], output: string, attribute: number[] = []): number[] {
  return [
    ...inputs.flatMap((input) => text(NODE.input, input)),
    ...text(NODE.output, output),
    ...text(NODE.name, `scriptorium_${opType}`),
    ...text(NODE.opType, opType),
    ...attribute,
  ];
}

function castAttribute(): number[] {
  const to = [...text(ATTRIBUTE.name, 'to'), ...number(ATTRIBUTE.i, FLOAT), ...number(ATTRIBUTE.type, INT)];
  return message(NODE.attribute, to);
}

/** ValueInfoProto: name = 1, type = 2; TypeProto: tensor_type = 1; TypeProto.Tensor: elem_type = 1, shape = 2 with three dim = 1. */
function tensorInfo(name: string): number[] {
  const dimensions = ['rows', 'one', 'columns'].flatMap((dimension) =>
    message(1, text(2, `${name}_${dimension}`)),
  );
  const tensor = [...number(1, FLOAT), ...message(2, dimensions)];
  return [...text(1, name), ...message(2, message(1, tensor))];
}

function message(field: number, bytes: readonly number[]): number[] {
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}

function text(field: number, value: string): number[] {
  return message(field, [...Buffer.from(value, 'utf8')]);
}

function number(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
