/**
 * Adds pooling to a sentence-transformer's graph: what leaves the device is then one vector a text instead of one a
 * token, 256 times less.
 *
 * A model file is a protobuf message, and two such messages one behind the other are merged by every reader: fields that
 * repeat are joined (Protocol Buffers, Encoding; ONNX's onnx.proto: ModelProto.graph, GraphProto.node, input, output). So
 * the added nodes are simply written behind the file.
 */
import { bytesField, fieldsOf, textField, wholeField } from './protobuf.ts';

/** Input: weight of each token, `rows` × 1 × `tokens`, float32. Ones and zeros by the mask for the mean. */
export const POOLING_WEIGHTS = 'scriptorium_pooling_weights';
/** Output: weighted sums of the hidden states, `rows` × 1 × `dimensions`, float32 whatever the model computes in. */
export const POOLED = 'scriptorium_pooled';

/** Numbers of fields in onnx.proto. */
const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, i: 3, type: 20 } as const;
const VALUE_INFO = { name: 1, type: 2 } as const;
const TYPE = { tensor: 1 } as const;
const TENSOR_TYPE = { shape: 2 } as const;
const SHAPE = { dim: 1 } as const;
/** AttributeProto.INT, and TensorProto.FLOAT. */
const INT = 2;
const FLOAT = 1;

/** What is said of files such as `int8`, which pool on the CPU. */
export const POOLED_ALREADY = 'the model gives one vector a text already: this file is for CPUs';

/** @throws Error when the file is no ONNX model with an output, or pools by itself */
export function withPooling(model: Uint8Array): Uint8Array {
  const hidden = 'scriptorium_hidden';
  const graph = [
    bytesField(GRAPH.node, node('Cast', [hiddenStateOf(model)], hidden), castToFloat()),
    bytesField(GRAPH.node, node('MatMul', [POOLING_WEIGHTS, hidden], POOLED)),
    bytesField(GRAPH.input, tensorInfo(POOLING_WEIGHTS)),
    bytesField(GRAPH.output, tensorInfo(POOLED)),
  ];
  return Buffer.concat([model, bytesField(MODEL.graph, ...graph)]);
}

const HIDDEN_STATES = ['last_hidden_state', 'token_embeddings'];

/** By the names that exporters give it; otherwise it is the first output. */
export function hiddenStateAmong(outputs: readonly string[]): string | undefined {
  return HIDDEN_STATES.find((name) => outputs.includes(name)) ?? outputs[0];
}

function hiddenStateOf(model: Uint8Array): string {
  const outputs = fieldsOf(model, MODEL.graph).flatMap((graph) => fieldsOf(graph, GRAPH.output));
  const hidden = hiddenStateAmong(outputs.map(nameOf));
  const output = outputs.find((each) => nameOf(each) === hidden);
  if (!hidden || !output) throw new Error('the file is no ONNX model with an output');
  // Rows × numbers; one vector a token would have three dimensions.
  if (rankOf(output) === 2) throw new Error(POOLED_ALREADY);
  return hidden;
}

/** 0 where the file does not say. */
function rankOf(valueInfo: Uint8Array): number {
  const [type] = fieldsOf(valueInfo, VALUE_INFO.type);
  const [tensor] = type ? fieldsOf(type, TYPE.tensor) : [];
  const [shape] = tensor ? fieldsOf(tensor, TENSOR_TYPE.shape) : [];
  return shape ? fieldsOf(shape, SHAPE.dim).length : 0;
}

function nameOf(valueInfo: Uint8Array): string {
  const [name = new Uint8Array()] = fieldsOf(valueInfo, VALUE_INFO.name);
  return Buffer.from(name).toString('utf8');
}

function node(opType: string, inputs: readonly string[], output: string): Uint8Array {
  return Buffer.concat([
    ...inputs.map((input) => textField(NODE.input, input)),
    textField(NODE.output, output),
    textField(NODE.name, `scriptorium_${opType}`),
    textField(NODE.opType, opType),
  ]);
}

function castToFloat(): Uint8Array {
  const to = [
    textField(ATTRIBUTE.name, 'to'),
    wholeField(ATTRIBUTE.i, FLOAT),
    wholeField(ATTRIBUTE.type, INT),
  ];
  return bytesField(NODE.attribute, ...to);
}

/** TypeProto.tensor_type = 1; of that elem_type = 1, and shape = 2, which repeats dim = 1; of that dim_param = 2. */
function tensorInfo(name: string): Uint8Array {
  const shape = ['rows', 'one', 'columns'].map((dimension) =>
    bytesField(1, textField(2, `${name}_${dimension}`)),
  );
  const tensor = bytesField(1, wholeField(1, FLOAT), bytesField(2, ...shape));
  return Buffer.concat([textField(VALUE_INFO.name, name), bytesField(VALUE_INFO.type, tensor)]);
}
