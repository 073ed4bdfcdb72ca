import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { int8Columns } from '../../activities/adapters/onnx/graphs/int8-columns.ts';
import {
  beside,
  columnsOf,
  largestOfRows,
  matrixOf,
  rowsOf,
  transposed,
} from '../../activities/adapters/onnx/graphs/matrices.ts';
import { OnnxGraph } from '../../activities/adapters/onnx/graphs/onnx-graph.ts';
import { bytesField, floatField, textField, wholeField } from '../../activities/adapters/onnx/protobuf.ts';

const { root } = protobuf.parse(
  `
  syntax = "proto2";
  message Any { optional int64 int = 1; optional float real = 2; optional string text = 20; optional Any inner = 3; }
  message Model { optional int64 ir_version = 1; optional Graph graph = 7; repeated Opset opset_import = 8; }
  message Opset { optional string domain = 1; optional int64 version = 2; }
  message Graph { repeated Node node = 1; repeated Tensor initializer = 5; repeated Info input = 11; repeated Info output = 12; }
  message Node { repeated string input = 1; repeated string output = 2; optional string op_type = 4; repeated Attribute attribute = 5; }
  message Attribute { optional string name = 1; optional float f = 2; optional int64 i = 3; optional int32 type = 20; }
  message Tensor { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9; }
  message Info { optional string name = 1; }
`,
  { keepCase: true },
);

const decoded = (type: string, bytes: Uint8Array): unknown => {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: Number, bytes: Array });
};

describe('the wire format', () => {
  test('is read back by another reader, whatever the numbers and the text', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.float({ noNaN: true }), fc.string(), (int, real, text) => {
        const fields = [wholeField(1, int), floatField(2, real), textField(20, text)];
        const inner = { int, real, text };
        expect(decoded('Any', bytesField(3, ...fields))).toEqual({ inner });
      }),
    );
  });
});

describe('a graph', () => {
  test('holds its nodes in order, each constant once, and its input and output', () => {
    const graph = new OnnxGraph();
    const two = { shape: [1], values: Float32Array.of(2) };
    const doubled = graph.node('Mul', ['text', graph.constant('two', two)]);
    const again = graph.node('Softmax', [graph.node('Mul', [doubled, graph.constant('two', two)])], {
      ints: { axis: -1 },
    });
    const bytes = graph.encoded([{ name: 'text', shape: [1, 'tokens'] }], {
      from: again,
      name: 'vector',
      shape: [1, 1],
    });
    expect(decoded('Model', bytes)).toMatchObject({
      ir_version: 10,
      opset_import: [{ version: 21 }, { domain: 'com.microsoft', version: 1 }],
      graph: {
        node: [
          { op_type: 'Mul', input: ['text', 'two'], output: ['v0'] },
          { op_type: 'Mul', input: ['v0', 'two'], output: ['v1'] },
          { op_type: 'Softmax', input: ['v1'], attribute: [{ name: 'axis', i: -1, type: 2 }] },
          { op_type: 'Identity', input: ['v2'], output: ['vector'] },
        ],
        initializer: [{ name: 'two', dims: [1], data_type: 1, raw_data: [0, 0, 0, 64] }],
        input: [{ name: 'text' }],
        output: [{ name: 'vector' }],
      },
    });
  });
});

const matrices = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([rows, columns]) =>
    fc
      .array(fc.float({ min: -100, max: 100, noNaN: true }), {
        minLength: rows * columns,
        maxLength: rows * columns,
      })
      .map((values) => ({ shape: [rows, columns], values: Float32Array.from(values) })),
  );

describe('weights of 8 bits', () => {
  test('are off by half a step of their column at most', () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        const { values, scales } = int8Columns(matrix);
        const width = matrix.shape[1] ?? 1;
        for (const [at, value] of matrix.values.entries()) {
          const scale = scales[at % width] ?? 0;
          expect(Math.abs((values[at] ?? 0) * scale - value)).toBeLessThanOrEqual(scale * 0.501);
        }
      }),
    );
  });
});

describe('matrices', () => {
  test('are cut and put together as they say', () => {
    const grid = matrixOf(2, 3, (row, column) => row * 10 + column);
    expect([...transposed(grid).values]).toEqual([0, 10, 1, 11, 2, 12]);
    expect([...rowsOf(grid, [1]).values]).toEqual([10, 11, 12]);
    expect(columnsOf(grid, [2, 0])).toEqual({ shape: [2, 2], values: Float32Array.of(2, 0, 12, 10) });
    expect([...largestOfRows(grid)]).toEqual([2, 12]);
  });

  test('that are turned twice, or cut and put side by side, are what they were', () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        expect(transposed(transposed(matrix))).toEqual(matrix);
        const columns = [...Array(matrix.shape[1] ?? 0).keys()];
        const halves = [columns.slice(0, 1), columns.slice(1)].map((own) => columnsOf(matrix, own));
        expect(beside(halves)).toEqual(matrix);
      }),
    );
  });
});
