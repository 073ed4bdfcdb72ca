/**
 * all-MiniLM-L6-v2 as ONNX for a GPU, from the publisher's float32 weights: the operators that ONNX Runtime's CUDA
 * provider has for BERT (its `ContribOperators.md`), in half precision.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { bytesField, floatField, textField, wholeField } from '../../../activities/adapters/onnx/protobuf.ts';

/** Of the model's config.json. */
const LAYERS = 6;
const HEADS = 12;
const HIDDEN = 384;
const EPSILON = 1e-12;

/** TensorProto.DataType. */
const TYPES = { float32: 1, int32: 6, int64: 7, float16: 10 } as const;
export type Precision = 'float16' | 'float32';

type Weights = (name: string) => { readonly shape: readonly number[]; readonly data: Float32Array };

/** The bytes of the ONNX file. */
export async function fusedModel(safetensorsPath: string, precision: Precision): Promise<Uint8Array> {
  const graph = new Graph(precision, weightsOf(await readFile(safetensorsPath)));
  let hidden = embeddings(graph);
  for (let layer = 0; layer < LAYERS; layer++) hidden = encoderLayer(graph, layer, hidden);
  return graph.model(hidden);
}

function embeddings(graph: Graph): string {
  const [ids, mask, types] = ['input_ids', 'attention_mask', 'token_type_ids'].map((input) =>
    graph.node('Cast', [input], `${input}_32`, { whole: { to: TYPES.int32 }, standard: true }),
  );
  const tables = ['word_embeddings', 'position_embeddings', 'token_type_embeddings'].map((table) =>
    graph.weight(`embeddings.${table}.weight`),
  );
  const norm = graph.norm('embeddings.LayerNorm');
  const inputs = [ids ?? '', types ?? '', ...tables, ...norm, mask ?? ''];
  return graph.node('EmbedLayerNormalization', inputs, 'embedded', {
    outputs: ['lengths'],
    float: { epsilon: EPSILON },
  });
}

function encoderLayer(graph: Graph, layer: number, input: string): string {
  const at = `encoder.layer.${layer}`;
  const attended = graph.node(
    'Attention',
    [input, ...graph.projections(`${at}.attention.self`), 'lengths'],
    `${at}.attended`,
    {
      whole: { num_heads: HEADS },
    },
  );
  const between = graph.addAndNorm(attended, input, `${at}.attention.output`);
  const wide = graph.matMul(between, `${at}.intermediate.dense.weight`);
  const active = graph.node(
    'BiasGelu',
    [wide, graph.weight(`${at}.intermediate.dense.bias`)],
    `${at}.active`,
  );
  return graph.addAndNorm(active, between, `${at}.output`);
}

interface NodeOptions {
  readonly outputs?: readonly string[];
  readonly whole?: Readonly<Record<string, number>>;
  readonly float?: Readonly<Record<string, number>>;
  /** Of ONNX itself; the others are ONNX Runtime's own. */
  readonly standard?: boolean;
}

class Graph {
  readonly #precision: Precision;
  readonly #weights: Weights;
  readonly #fields: Uint8Array[] = [];

  constructor(precision: Precision, weights: Weights) {
    this.#precision = precision;
    this.#weights = weights;
  }

  /** Gives the name of its first output. */
  node(opType: string, inputs: readonly string[], output: string, options: NodeOptions = {}): string {
    const { outputs = [], whole = {}, float = {}, standard = false } = options;
    this.#fields.push(
      bytesField(
        1,
        ...inputs.map((input) => textField(1, input)),
        ...[output, ...outputs].map((each) => textField(2, each)),
        ...[textField(3, output), textField(4, opType)],
        ...Object.entries(whole).map(([name, value]) =>
          bytesField(5, textField(1, name), wholeField(3, value), wholeField(20, 2)),
        ),
        ...Object.entries(float).map(([name, value]) =>
          bytesField(5, textField(1, name), floatField(2, value), wholeField(20, 1)),
        ),
        ...(standard ? [] : [textField(7, 'com.microsoft')]),
      ),
    );
    return output;
  }

  weight(name: string): string {
    const { shape, data } = this.#weights(name);
    return this.#tensor(name, shape, data);
  }

  norm(name: string): string[] {
    return [this.weight(`${name}.weight`), this.weight(`${name}.bias`)];
  }

  matMul(input: string, weight: string): string {
    const { data } = this.#weights(weight);
    const columns = data.length / (this.#weights(weight).shape[1] ?? 1);
    const rows = data.length / columns;
    const turned = this.#tensor(weight, [rows, columns], transposed(data, columns, rows));
    return this.node('MatMul', [input, turned], `${weight}.product`, { standard: true });
  }

  addAndNorm(input: string, skipped: string, name: string): string {
    const product = this.matMul(input, `${name}.dense.weight`);
    const parameters = [...this.norm(`${name}.LayerNorm`), this.weight(`${name}.dense.bias`)];
    return this.node('SkipLayerNormalization', [product, skipped, ...parameters], `${name}.normed`, {
      float: { epsilon: EPSILON },
    });
  }

  /** Query, key and value side by side, as `Attention` wants them: `HIDDEN` × 3 `HIDDEN`. */
  projections(name: string): string[] {
    const parts = ['query', 'key', 'value'];
    const rows = Float32Array.from(
      parts.flatMap((part) => [...this.#weights(`${name}.${part}.weight`).data]),
    );
    const biases = Float32Array.from(
      parts.flatMap((part) => [...this.#weights(`${name}.${part}.bias`).data]),
    );
    return [
      this.#tensor(`${name}.weight`, [HIDDEN, 3 * HIDDEN], transposed(rows, 3 * HIDDEN, HIDDEN)),
      this.#tensor(`${name}.bias`, [3 * HIDDEN], biases),
    ];
  }

  model(hidden: string): Uint8Array {
    const inputs = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
      bytesField(11, valueInfo(name, TYPES.int64, ['batch', 'sequence'])),
    );
    this.node('Identity', [hidden], 'last_hidden_state', { standard: true });
    const output = valueInfo('last_hidden_state', TYPES[this.#precision], ['batch', 'sequence', 'hidden']);
    return Buffer.concat([
      wholeField(1, 8),
      bytesField(8, textField(1, ''), wholeField(2, 17)),
      bytesField(8, textField(1, 'com.microsoft'), wholeField(2, 1)),
      bytesField(7, textField(2, 'fused'), ...this.#fields, ...inputs, bytesField(12, output)),
    ]);
  }

  #tensor(name: string, shape: readonly number[], data: Float32Array): string {
    const values = this.#precision === 'float16' ? new Float16Array(data) : data;
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dimensions = shape.map((length) => wholeField(1, length));
    this.#fields.push(
      bytesField(
        5,
        ...dimensions,
        wholeField(2, TYPES[this.#precision]),
        textField(8, name),
        bytesField(9, raw),
      ),
    );
    return name;
  }
}

function valueInfo(name: string, type: number, dimensions: readonly string[]): Uint8Array {
  const shape = dimensions.map((dimension) => bytesField(1, textField(2, dimension)));
  return Buffer.concat([
    textField(1, name),
    bytesField(2, bytesField(1, wholeField(1, type), bytesField(2, ...shape))),
  ]);
}

/** Of `rows` × `columns`, row-major. */
function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = matrix[row * columns + column] ?? 0;
  return turned;
}

const tensors = z.record(
  z.string(),
  z.looseObject({
    dtype: z.string(),
    shape: z.array(z.number()),
    data_offsets: z.tuple([z.number(), z.number()]),
  }),
);

/** The safetensors format: length of the header (8 bytes), the header as JSON, the data. */
function weightsOf(file: Buffer): Weights {
  const headerBytes = Number(file.readBigUInt64LE());
  const { __metadata__: _, ...header } = z
    .looseObject({})
    .parse(JSON.parse(file.toString('utf8', 8, 8 + headerBytes)));
  const known = tensors.parse(header);
  return (name) => {
    const tensor = known[name];
    if (tensor?.dtype !== 'F32') throw new Error(`the weights have no ${name} in float32`);
    const [from, to] = tensor.data_offsets;
    const bytes = file.subarray(8 + headerBytes + from, 8 + headerBytes + to);
    return { shape: tensor.shape, data: new Float32Array(Uint8Array.from(bytes).buffer) };
  };
}
