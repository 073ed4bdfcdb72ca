/** Writes an ONNX model node by node; field numbers are those of `onnx.proto` (ONNX IR version 10). */
import { Message } from './protobuf.ts';

/** Little-endian values of a constant, row by row. */
export interface Constant {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int8Array | Uint8Array | BigInt64Array;
}

/** Name of a value in the graph. */
export type Value = string;

interface NodeOptions {
  /** `MICROSOFT` for ONNX Runtime's own operators. */
  readonly domain?: string;
  readonly outputs?: number;
  readonly ints?: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
}

export const MICROSOFT = 'com.microsoft';
const IR_VERSION = 10;
const OPSET = 21;
const FLOAT = 1;
const INT64 = 7;
/** Attribute types. */
const [A_FLOAT, A_INT] = [1, 2];

export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #constants = new Map<string, Message>();
  #values = 0;

  /** A constant of a name that was given before is that one. */
  constant(name: string, { shape, values }: Constant): Value {
    if (this.#constants.has(name)) return name;
    const tensor = new Message();
    for (const size of shape) tensor.int(1, size);
    tensor.int(2, elementType(values)).text(8, name);
    tensor.bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    this.#constants.set(name, tensor);
    return name;
  }

  node(operator: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
    const [only = ''] = this.nodeWithOutputs(operator, inputs, options);
    return only;
  }

  nodeWithOutputs(operator: string, inputs: readonly Value[], options: NodeOptions = {}): Value[] {
    const { domain = '', outputs = 1, ints = {}, floats = {} } = options;
    const names = Array.from({ length: outputs }, () => `v${this.#values++}`);
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    for (const output of names) node.text(2, output);
    node.text(3, `${operator}_${names[0]}`).text(4, operator);
    for (const [name, value] of Object.entries(ints))
      node.message(5, new Message().text(1, name).int(3, value).int(20, A_INT));
    for (const [name, value] of Object.entries(floats))
      node.message(5, new Message().text(1, name).float(2, value).int(20, A_FLOAT));
    this.#nodes.push(node.text(7, domain));
    return names;
  }

  /** The file: one text in, `input` as int64 of 1 × tokens, and one vector out, 1 × `dimensions`. */
  encoded(
    input: Value,
    output: { readonly from: Value; readonly name: string; dimensions: number },
  ): Uint8Array {
    this.#nodes.push(new Message().text(1, output.from).text(2, output.name).text(4, 'Identity'));
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.text(2, 'sentence-transformer');
    for (const constant of this.#constants.values()) graph.message(5, constant);
    graph.message(11, valueInfo(input, INT64, [1, 'tokens']));
    graph.message(12, valueInfo(output.name, FLOAT, [1, output.dimensions]));
    return new Message()
      .int(1, IR_VERSION)
      .text(2, 'scriptorium')
      .message(7, graph)
      .message(8, new Message().text(1, '').int(2, OPSET))
      .message(8, new Message().text(1, MICROSOFT).int(2, 1))
      .encoded();
  }
}

function elementType(values: Constant['values']): number {
  if (values instanceof Float32Array) return FLOAT;
  if (values instanceof BigInt64Array) return INT64;
  return values instanceof Uint8Array ? 2 : 3;
}

function valueInfo(name: string, type: number, shape: readonly (number | string)[]): Message {
  const dimensions = new Message();
  for (const size of shape)
    dimensions.message(
      1,
      typeof size === 'number' ? new Message().int(1, size) : new Message().text(2, size),
    );
  const tensor = new Message().int(1, type).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
