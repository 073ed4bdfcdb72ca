/**
 * all-MiniLM-L6-v2 as an ONNX graph for a GPU: many padded texts at once, in half precision, which is what tensor cores are made
 * for, by the operators that ONNX Runtime's CUDA provider has for BERT (its `ContribOperators.md`). A CPU computes it too, in
 * 32 bits and slower than the other files: a question to a library that a GPU embedded needs no GPU.
 */
import { beside, transposed } from './matrices.ts';
import { DIMENSIONS } from './minilm-graph.ts';
import { type Constant, MICROSOFT, OnnxGraph, TYPE, type Value } from './onnx-graph.ts';
import type { Matrix, Weights } from './safetensors.ts';

const LAYERS = 6;
const HEADS = 12;
const EPSILON = 1e-12;
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'] as const;

/** Gives the last hidden state, texts × tokens × 384. */
export function minilmGpuGraph(weights: Weights): Uint8Array {
  return new GpuMinilm(weights).encoded();
}

class GpuMinilm {
  readonly #graph = new OnnxGraph();
  readonly #weights: Weights;

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  encoded(): Uint8Array {
    let [hidden, lengths] = this.#embeddings();
    for (let layer = 0; layer < LAYERS; layer++)
      hidden = this.#layer(hidden, lengths, `encoder.layer.${layer}`);
    return this.#graph.encoded(
      INPUTS.map((name) => ({ name, shape: ['texts', 'tokens'] })),
      {
        from: this.#graph.node('Cast', [hidden], { ints: { to: TYPE.float } }),
        ...{ name: 'last_hidden_state', shape: ['texts', 'tokens', DIMENSIONS] },
      },
    );
  }

  #embeddings(): [hidden: Value, lengths: Value] {
    const [ids = '', mask = '', types = ''] = INPUTS.map((input) =>
      this.#graph.node('Cast', [input], { ints: { to: TYPE.int32 } }),
    );
    const tables = ['word', 'position', 'token_type'].map((table) =>
      this.#half(`embeddings.${table}_embeddings.weight`),
    );
    const inputs = [ids, types, ...tables, ...this.#norm('embeddings.LayerNorm'), mask];
    const [hidden = '', lengths = ''] = this.#graph.nodeWithOutputs('EmbedLayerNormalization', inputs, {
      ...{ domain: MICROSOFT, outputs: 2, floats: { epsilon: EPSILON } },
    });
    return [hidden, lengths];
  }

  #layer(input: Value, lengths: Value, name: string): Value {
    const projections = ['query', 'key', 'value'].map((part) => `${name}.attention.self.${part}`);
    const weights = beside(projections.map((part) => transposed(this.#weights(`${part}.weight`))));
    const bias = Float32Array.from(projections.flatMap((part) => [...this.#weights(`${part}.bias`).values]));
    const attended = this.#graph.node(
      'Attention',
      [
        input,
        this.#constant(`${name}.projections`, weights),
        this.#constant(`${name}.projections.bias`, { shape: [bias.length], values: bias }),
        lengths,
      ],
      { domain: MICROSOFT, ints: { num_heads: HEADS } },
    );
    const middle = this.#added(attended, input, `${name}.attention.output`);
    const wide = this.#product(middle, `${name}.intermediate.dense`);
    const active = this.#graph.node('BiasGelu', [wide, this.#half(`${name}.intermediate.dense.bias`)], {
      domain: MICROSOFT,
    });
    return this.#added(active, middle, `${name}.output`);
  }

  /** Through the layer's weights, then the sum with what went around them, normed. */
  #added(input: Value, around: Value, name: string): Value {
    const product = this.#product(input, `${name}.dense`);
    const parameters = [...this.#norm(`${name}.LayerNorm`), this.#half(`${name}.dense.bias`)];
    return this.#graph.node('SkipLayerNormalization', [product, around, ...parameters], {
      ...{ domain: MICROSOFT, floats: { epsilon: EPSILON } },
    });
  }

  #product(input: Value, name: string): Value {
    const weights = this.#constant(`${name}.turned`, transposed(this.#weights(`${name}.weight`)));
    return this.#graph.node('MatMul', [input, weights]);
  }

  #norm(name: string): Value[] {
    return [this.#half(`${name}.weight`), this.#half(`${name}.bias`)];
  }

  #half(name: string): Value {
    return this.#constant(name, this.#weights(name));
  }

  #constant(name: string, { shape, values }: Matrix): Value {
    const half: Constant = { shape, values: new Float16Array(values) };
    return this.#graph.constant(name, half);
  }
}
