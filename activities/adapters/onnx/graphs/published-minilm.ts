/**
 * The published file of all-MiniLM-L6-v2 whose weights have 8 bits: read out, to be computed by our own graph. Its exporter left
 * the attention of each layer as thirty small operators, which ONNX Runtime does not put together again: it takes a fifth
 * longer so, and 80 MB more for a text of 256 tokens.
 */
import { fieldsOf } from '../protobuf.ts';
import { matrixOf, transposed } from './matrices.ts';
import { minilmGraph } from './minilm-graph.ts';
import { GRAPH, MODEL, TENSOR } from './onnx-graph.ts';
import type { Matrix, Weights } from './safetensors.ts';

/** Of the file; another one may name its weights otherwise. */
export const PUBLISHED_SHA256 = '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6';

/** Matrices without a name of their own are numbered in the order in which a text goes through them. */
const OF_A_LAYER = [
  ...['attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.output.dense'],
  ...['intermediate.dense', 'output.dense'],
];

/** A model that gives the same vectors, up to rounding. @param file whose hash is that one */
export function publishedMinilm(file: Uint8Array): Uint8Array {
  return minilmGraph(weightsOf(file), 'fp32');
}

function weightsOf(file: Uint8Array): Weights {
  const tensors = new Map(
    fieldsOf(file, MODEL.graph)
      .flatMap((graph) => fieldsOf(graph, GRAPH.constant))
      .map((tensor) => [Buffer.from(one(tensor, TENSOR.name)).toString('utf8'), one(tensor, TENSOR.raw)]),
  );
  const matrixNames = [...tensors.keys()].filter((name) => /^val_\d+_q$/.test(name)).map(withoutSuffix);
  const named = new Map(
    matrixNames.map((name, at) => [
      `encoder.layer.${Math.floor(at / OF_A_LAYER.length)}.${OF_A_LAYER[at % OF_A_LAYER.length]}.weight`,
      name,
    ]),
  );
  const bytesOf = (name: string): Uint8Array => {
    const bytes = tensors.get(name);
    if (!bytes) throw new Error(`the published model holds no ${name}`);
    return bytes;
  };
  return (name) => {
    const number = named.get(name);
    // A row is an input there; in the publisher's other files, an output.
    if (number !== undefined)
      return transposed(widened(bytesOf(`${number}_q`), floats(bytesOf(`${number}_scale`)), 'column'));
    const inner = `inner.${name}`;
    if (tensors.has(`${inner}_q`))
      return widened(bytesOf(`${inner}_q`), floats(bytesOf(`${inner}_scale`)), 'row');
    const values = floats(bytesOf(inner));
    return { shape: [values.length], values };
  };
}

/** Weights of 8 bits times the scale that each row or column has. */
function widened(bytes: Uint8Array, scales: Float32Array, each: 'row' | 'column'): Matrix {
  const small = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const other = small.length / scales.length;
  const [rows, columns] = each === 'row' ? [scales.length, other] : [other, scales.length];
  return matrixOf(
    rows,
    columns,
    (row, column) => (small[row * columns + column] ?? 0) * (scales[each === 'row' ? row : column] ?? 0),
  );
}

/** Copied: their place in the file need not be a multiple of four. */
function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function one(tensor: Uint8Array, field: number): Uint8Array {
  const [bytes = new Uint8Array()] = fieldsOf(tensor, field);
  return bytes;
}

function withoutSuffix(name: string): string {
  return name.slice(0, -'_q'.length);
}
