/** Writes an ONNX model node by node; field numbers are those of `onnx.proto` (ONNX IR version 10). */
import { bytesField, floatField, textField, wholeField } from '../protobuf.ts';

/** Little-endian values of a constant, row by row. */
export interface Constant {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float16Array | Int8Array | Uint8Array | BigInt64Array;
}

/** What goes into a graph or comes out of it; an axis of any length has a name. */
export interface Port {
  readonly name: string;
  readonly shape: readonly (number | string)[];
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
export const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8 } as const;
const OPSET_ID = { domain: 1, version: 2 } as const;
export const GRAPH = { node: 1, name: 2, constant: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, float: 2, int: 3, type: 20 } as const;
export const TENSOR = { dimension: 1, type: 2, name: 8, raw: 9 } as const;
/** Of elements, and of attributes. */
export const TYPE = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 } as const;
const ATTRIBUTE_TYPE = { float: 1, int: 2 } as const;

export class OnnxGraph {
  readonly #nodes: Uint8Array[] = [];
  readonly #constants = new Map<string, Uint8Array>();
  #values = 0;

  /** A constant of a name that was given before is that one. */
  constant(name: string, { shape, values }: Constant): Value {
    if (!this.#constants.has(name)) {
      const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      const tensor = [
        ...shape.map((size) => wholeField(TENSOR.dimension, size)),
        wholeField(TENSOR.type, elementType(values)),
        textField(TENSOR.name, name),
        bytesField(TENSOR.raw, raw),
      ];
      this.#constants.set(name, bytesField(GRAPH.constant, ...tensor));
    }
    return name;
  }

  node(operator: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
    const [only = ''] = this.nodeWithOutputs(operator, inputs, options);
    return only;
  }

  nodeWithOutputs(operator: string, inputs: readonly Value[], options: NodeOptions = {}): Value[] {
    const { domain = '', outputs = 1, ints = {}, floats = {} } = options;
    const names = Array.from({ length: outputs }, () => `v${this.#values++}`);
    const node = [
      ...inputs.map((input) => textField(NODE.input, input)),
      ...names.map((output) => textField(NODE.output, output)),
      textField(NODE.name, `${operator}_${names[0]}`),
      textField(NODE.operator, operator),
      ...Object.entries(ints).map(([name, value]) =>
        attribute(name, wholeField(ATTRIBUTE.int, value), ATTRIBUTE_TYPE.int),
      ),
      ...Object.entries(floats).map(([name, value]) =>
        attribute(name, floatField(ATTRIBUTE.float, value), ATTRIBUTE_TYPE.float),
      ),
      textField(NODE.domain, domain),
    ];
    this.#nodes.push(bytesField(GRAPH.node, ...node));
    return names;
  }

  /** The file: its inputs are int64, and what `from` gives comes out as float32. */
  encoded(inputs: readonly Port[], output: Port & { readonly from: Value }): Uint8Array {
    const last = [
      textField(NODE.input, output.from),
      textField(NODE.output, output.name),
      textField(NODE.operator, 'Identity'),
    ];
    const graph = [
      ...this.#nodes,
      bytesField(GRAPH.node, ...last),
      textField(GRAPH.name, 'sentence-transformer'),
      ...this.#constants.values(),
      ...inputs.map((input) => bytesField(GRAPH.input, ...valueInfo(input, TYPE.int64))),
      bytesField(GRAPH.output, ...valueInfo(output, TYPE.float)),
    ];
    return Buffer.concat([
      wholeField(MODEL.irVersion, IR_VERSION),
      textField(MODEL.producer, 'scriptorium'),
      bytesField(MODEL.graph, ...graph),
      opset('', OPSET),
      opset(MICROSOFT, 1),
    ]);
  }
}

function attribute(name: string, value: Uint8Array, type: number): Uint8Array {
  return bytesField(NODE.attribute, textField(ATTRIBUTE.name, name), value, wholeField(ATTRIBUTE.type, type));
}

function opset(domain: string, version: number): Uint8Array {
  return bytesField(MODEL.opset, textField(OPSET_ID.domain, domain), wholeField(OPSET_ID.version, version));
}

function elementType(values: Constant['values']): number {
  if (values instanceof Float32Array) return TYPE.float;
  if (values instanceof Float16Array) return TYPE.float16;
  if (values instanceof BigInt64Array) return TYPE.int64;
  return values instanceof Uint8Array ? TYPE.uint8 : TYPE.int8;
}

/** TypeProto.tensor_type = 1; of that elem_type = 1, and shape = 2, which repeats dim = 1: dim_value = 1 or dim_param = 2. */
function valueInfo({ name, shape }: Port, type: number): Uint8Array[] {
  const dimensions = shape.map((size) =>
    bytesField(1, typeof size === 'number' ? wholeField(1, size) : textField(2, size)),
  );
  const tensor = bytesField(1, wholeField(1, type), bytesField(2, ...dimensions));
  return [textField(1, name), bytesField(2, tensor)];
}
