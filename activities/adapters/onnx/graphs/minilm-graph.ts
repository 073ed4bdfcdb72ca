/**
 * all-MiniLM-L6-v2 (BERT with 6 layers of 384 numbers; Wang et al. 2020, Reimers and Gurevych 2019) as an ONNX graph that
 * takes one text and gives its vector: mean over tokens, L2 norm 1.
 *
 * With `int8`, what bears 8 bits is computed with them; found by measuring each layer by itself against 32 bits:
 * - queries, keys and values of attention stay in 32 bits: the error of the values is the same for all tokens, and the mean
 *   over tokens keeps it;
 * - so do the 32 hidden units of each feed-forward layer whose weights into the sum are largest: without them, the scales
 *   of the others are a third smaller;
 * - inputs of a feed-forward layer are made more alike first, and its weights less, as in SmoothQuant (Xiao et al. 2022),
 *   by the layer norm's own scale, so that no sample of texts is needed.
 */
import { BertLayers, type Linear } from './bert-layers.ts';
import { beside, columnsOf, largestOfRows, matrixOf, rowsOf, sizesOfRows, transposed } from './matrices.ts';
import { OnnxGraph, type Value } from './onnx-graph.ts';
import type { Matrix, Weights } from './safetensors.ts';

const LAYERS = 6;
const HEADS = 12;
/** Numbers of a vector. */
export const DIMENSIONS = 384;
const EPSILON = 1e-12;
const EXACT_UNITS = 32;
const INPUT = 'input_ids';
/** What the graph gives; its first axis is the text. */
export const OUTPUT = 'sentence_embedding';

export function minilmGraph(weights: Weights, precision: 'fp32' | 'int8'): Uint8Array {
  const graph = new OnnxGraph();
  return new Minilm(graph, weights, precision).encoded();
}

class Minilm {
  readonly #graph: OnnxGraph;
  readonly #weights: Weights;
  readonly #int8: boolean;
  readonly #ids: Value;
  readonly #layers: BertLayers;

  constructor(graph: OnnxGraph, weights: Weights, precision: 'fp32' | 'int8') {
    this.#graph = graph;
    this.#weights = weights;
    this.#int8 = precision === 'int8';
    const flat = graph.constant('flat', { shape: [1], values: BigInt64Array.of(-1n) });
    this.#ids = graph.node('Reshape', [INPUT, flat]);
    this.#layers = new BertLayers(graph, this.#ids);
  }

  encoded(): Uint8Array {
    let hidden = this.#embeddings();
    for (let layer = 0; layer < LAYERS; layer++) hidden = this.#layer(hidden, `encoder.layer.${layer}`);
    return this.#graph.encoded([{ name: INPUT, shape: [1, 'tokens'] }], {
      from: this.#pooled(hidden),
      ...{ name: OUTPUT, shape: [1, DIMENSIONS] },
    });
  }

  #embeddings(): Value {
    const graph = this.#graph;
    const words = graph.constant('words', this.#weights('embeddings.word_embeddings.weight'));
    const { shape, values } = this.#weights('embeddings.position_embeddings.weight');
    const type = this.#weights('embeddings.token_type_embeddings.weight').values;
    const places = graph.constant('places', {
      shape,
      values: values.map((value, at) => value + (type[at % DIMENSIONS] ?? 0)),
    });
    const start = graph.constant('start', { shape: [1], values: BigInt64Array.of(0n) });
    const own = graph.node('Slice', [places, start, graph.node('Shape', [this.#ids])]);
    return this.#norm(
      graph.node('Add', [graph.node('Gather', [words, this.#ids]), own]),
      'embeddings.LayerNorm',
    );
  }

  #layer(input: Value, name: string): Value {
    const mixed = this.#attention(input, `${name}.attention.self`);
    const attended = this.#linear(mixed, this.#linearOf(`${name}.attention.output.dense`));
    const middle = this.#norm(
      this.#graph.node('Add', [attended, input]),
      `${name}.attention.output.LayerNorm`,
    );
    const fed = this.#feedForward(middle, name);
    return this.#norm(this.#graph.node('Add', [fed, middle]), `${name}.output.LayerNorm`);
  }

  #attention(input: Value, name: string): Value {
    const three = ['query', 'key', 'value'].map((part) => this.#linearOf(`${name}.${part}`));
    const mixed = this.#layers.linear(input, {
      name,
      weights: beside(three.map(({ weights }) => weights)),
      bias: Float32Array.from(three.flatMap(({ bias }) => [...bias])),
    });
    const [query = '', key = '', value = ''] = this.#split(mixed, [DIMENSIONS, DIMENSIONS, DIMENSIONS]);
    return this.#layers.attention(query, key, value, HEADS);
  }

  #feedForward(input: Value, name: string): Value {
    const [into, out] = [
      this.#linearOf(`${name}.intermediate.dense`),
      this.#linearOf(`${name}.output.dense`),
    ];
    if (!this.#int8) return this.#layers.linear(this.#gelu(this.#layers.linear(input, into)), out);
    const [exact, others] = unitsBySize(out.weights);
    const units = [...exact, ...others];
    const scale = this.#weights(`${name}.attention.output.LayerNorm.weight`).values;
    const hidden = this.#gelu(
      this.#smoothed(input, scale, {
        ...into,
        weights: columnsOf(into.weights, units),
        bias: Float32Array.from(units, (unit) => into.bias[unit] ?? 0),
      }),
    );
    const [few = '', most = ''] = this.#split(hidden, [exact.length, others.length]);
    const exactName = this.#graph.constant(`${out.name}.exact`, rowsOf(out.weights, exact));
    return this.#graph.node('Add', [
      this.#layers.linearInt8OfGelu(most, { ...out, weights: rowsOf(out.weights, others) }),
      this.#graph.node('MatMul', [few, exactName]),
    ]);
  }

  /** The inputs of a row divided by what its weights are multiplied with. */
  #smoothed(input: Value, scale: Float32Array, { name, weights, bias }: Linear): Value {
    const sizes = sizesOfRows(weights);
    const raw = sizes.map((size, row) => Math.sqrt(Math.abs(scale[row] ?? 0) / size));
    const middle = [...raw].sort((a, b) => a - b)[Math.floor(raw.length / 2)] ?? 1;
    const factors = Float32Array.from(raw, (value) => value / middle);
    const inverse = this.#graph.constant(`${name}.smoothing`, {
      shape: [factors.length],
      values: factors.map((factor) => 1 / factor),
    });
    const [rows = 0, columns = 0] = weights.shape;
    const smooth = matrixOf(
      rows,
      columns,
      (row, column) => (weights.values[row * columns + column] ?? 0) * (factors[row] ?? 0),
    );
    return this.#layers.linearInt8(this.#graph.node('Mul', [input, inverse]), {
      name,
      weights: smooth,
      bias,
    });
  }

  #linear(input: Value, linear: Linear): Value {
    return this.#int8 ? this.#layers.linearInt8(input, linear) : this.#layers.linear(input, linear);
  }

  #gelu(input: Value): Value {
    return this.#graph.node('Gelu', [input], { domain: 'com.microsoft' });
  }

  #norm(input: Value, name: string): Value {
    const [scale, bias] = [this.#weights(`${name}.weight`), this.#weights(`${name}.bias`)];
    return this.#layers.layerNorm(input, name, scale.values, bias.values, EPSILON);
  }

  #split(input: Value, widths: readonly number[]): Value[] {
    const sizes = this.#graph.constant(`split${widths.join('-')}`, {
      shape: [widths.length],
      values: BigInt64Array.from(widths, BigInt),
    });
    return this.#graph.nodeWithOutputs('Split', [input, sizes], {
      outputs: widths.length,
      ints: { axis: -1 },
    });
  }

  #pooled(hidden: Value): Value {
    const mean = this.#graph.node('ReduceMean', [hidden, this.#layers.axis(0)], { ints: { keepdims: 1 } });
    const norm = this.#graph.node('ReduceL2', [mean, this.#layers.axis(-1)], { ints: { keepdims: 1 } });
    return this.#graph.node('Div', [mean, norm]);
  }

  #linearOf(name: string): Linear {
    const bias = this.#weights(`${name}.bias`).values;
    return { name, weights: transposed(this.#weights(`${name}.weight`)), bias };
  }
}

/** Hidden units: those with the largest weight into the sum, and the others; each in their own order. */
function unitsBySize(weights: Matrix): [exact: number[], others: number[]] {
  const largest = largestOfRows(weights);
  const order = [...largest.keys()].sort((a, b) => (largest[b] ?? 0) - (largest[a] ?? 0) || a - b);
  const ascending = (units: number[]): number[] => units.sort((a, b) => a - b);
  return [ascending(order.slice(0, EXACT_UNITS)), ascending(order.slice(EXACT_UNITS))];
}
