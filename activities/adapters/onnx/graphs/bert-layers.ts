/**
 * Layers of a BERT encoder as ONNX nodes, for one text: tokens × numbers. Where a layer computes with 8 bits, each token
 * is scaled by itself: a vector then does not depend on what else is in the text's matrix, and the few tokens with large
 * numbers (the first, the last, full stops) cost the others nothing.
 */
import { int8Columns } from './int8-columns.ts';
import { MICROSOFT, type OnnxGraph, type Value } from './onnx-graph.ts';
import type { Matrix } from './safetensors.ts';

/** GELU's least value is -0.17: with this added, all 256 steps of a byte are used. */
const GELU_OFFSET = 0.17;

export interface Linear {
  readonly name: string;
  /** Inputs × outputs. */
  readonly weights: Matrix;
  readonly bias: Float32Array;
}

export function vector(values: Float32Array): Matrix {
  return { shape: [values.length], values };
}

export class BertLayers {
  readonly #graph: OnnxGraph;
  readonly #tokens: Value;

  /** @param tokens the text's token ids, a vector */
  constructor(graph: OnnxGraph, tokens: Value) {
    this.#graph = graph;
    this.#tokens = graph.node('Shape', [tokens]);
  }

  linear(input: Value, { name, weights, bias }: Linear): Value {
    const product = this.#graph.node('MatMul', [input, this.#graph.constant(`${name}.weights`, weights)]);
    return this.#add(product, name, bias);
  }

  /** @param input of either sign */
  linearInt8(input: Value, linear: Linear): Value {
    return this.#int8(input, this.#node('Abs', input), linear, 128);
  }

  /** @param input what GELU gave */
  linearInt8OfGelu(input: Value, linear: Linear): Value {
    const positive = this.#graph.node('Add', [input, this.#number('gelu-offset', GELU_OFFSET)]);
    const { values, scales } = int8Columns(linear.weights);
    const bias = linear.bias.map((own, column) => own - GELU_OFFSET * sumOfColumn(values, scales, column));
    return this.#int8(positive, positive, { ...linear, bias }, 0);
  }

  layerNorm(input: Value, name: string, scale: Float32Array, bias: Float32Array, epsilon: number): Value {
    const constants = [`${name}.scale`, `${name}.bias`].map((constant, at) =>
      this.#graph.constant(constant, vector(at === 0 ? scale : bias)),
    );
    return this.#graph.node('LayerNormalization', [input, ...constants], {
      ints: { axis: -1 },
      floats: { epsilon },
    });
  }

  /** Self-attention without a mask: a text is never padded. Each of the three is tokens × width. */
  attention(query: Value, key: Value, value: Value, heads: number): Value {
    const graph = this.#graph;
    const inputs = [query, key, value].map((matrix) => graph.node('Unsqueeze', [matrix, this.axis(0)]));
    const mixed = graph.node('MultiHeadAttention', inputs, { domain: MICROSOFT, ints: { num_heads: heads } });
    return graph.node('Squeeze', [mixed, this.axis(0)]);
  }

  /** Constant for operators that take their axis as an input. */
  axis(axis: number): Value {
    return this.#graph.constant(`axis${axis}`, { shape: [1], values: BigInt64Array.of(BigInt(axis)) });
  }

  /** @param magnitude of the input, whose largest number is a token's scale */
  #int8(input: Value, magnitude: Value, { name, weights, bias }: Linear, zero: 0 | 128): Value {
    const graph = this.#graph;
    const largest = graph.node('ReduceMax', [magnitude, this.axis(-1)], { ints: { keepdims: 0 } });
    const steps = 255 - zero;
    const scale = graph.node('Mul', [largest, this.#number(`per-${steps}`, 1 / steps)]);
    const zeroPoint = graph.constant(`zero${zero}`, { shape: [], values: Uint8Array.of(zero) });
    const zeros = graph.node('Expand', [zeroPoint, this.#tokens]);
    const bytes = graph.node('QuantizeLinear', [input, scale, zeros], { ints: { axis: 0 } });
    const { values, scales } = int8Columns(weights);
    const product = graph.node(
      'MatMulIntegerToFloat',
      [
        bytes,
        graph.constant(`${name}.weights`, { shape: weights.shape, values }),
        this.#number('one', 1),
        graph.constant(`${name}.scales`, vector(scales)),
        zeroPoint,
      ],
      { domain: MICROSOFT },
    );
    const column = graph.node('Unsqueeze', [scale, this.axis(1)]);
    return this.#add(graph.node('Mul', [product, column]), name, bias);
  }

  #add(product: Value, name: string, bias: Float32Array): Value {
    return this.#graph.node('Add', [product, this.#graph.constant(`${name}.bias`, vector(bias))]);
  }

  #node(operator: string, input: Value): Value {
    return this.#graph.node(operator, [input]);
  }

  #number(name: string, value: number): Value {
    return this.#graph.constant(name, { shape: [], values: Float32Array.of(value) });
  }
}

function sumOfColumn(values: Int8Array, scales: Float32Array, column: number): number {
  let sum = 0;
  for (let at = column; at < values.length; at += scales.length) sum += values[at] ?? 0;
  return sum * (scales[column] ?? 0);
}
