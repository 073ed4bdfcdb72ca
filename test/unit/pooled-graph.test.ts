import { describe, expect, test } from '@jest/globals';
import {
  POOLED,
  POOLED_ALREADY,
  POOLING_WEIGHTS,
  withPooling,
} from '../../activities/adapters/onnx/pooled-graph.ts';

const field = (number: number, bytes: readonly number[]): number[] => [
  number * 8 + 2,
  bytes.length,
  ...bytes,
];

/** A model whose only output has that many dimensions (fields 2, 1, 2, 1 of ONNX's ValueInfoProto and what it holds). */
function modelOfRank(rank: number): Uint8Array {
  const shape = Array.from({ length: rank }, () => field(1, field(2, [...Buffer.from('n')]))).flat();
  const output = [...field(1, [...Buffer.from('embedding')]), ...field(2, field(1, field(2, shape)))];
  return Uint8Array.from(field(7, field(12, output)));
}

/** A model of nothing but a graph (field 7) with named outputs (field 12), each with its name (field 1). */
function modelOf(...outputs: string[]): Uint8Array {
  const graph = outputs.flatMap((name) => field(12, field(1, [...Buffer.from(name)])));
  // Before it, its version (field 1, a number) and its maker (field 2).
  return Uint8Array.from([8, 9, ...field(2, [...Buffer.from('maker')]), ...field(7, graph)]);
}

const added = (model: Uint8Array): string =>
  Buffer.from(withPooling(model).subarray(model.length)).toString('latin1');

describe('a graph with pooling', () => {
  test('is the file, and behind it what is added', () => {
    const model = modelOf('last_hidden_state');
    expect(Buffer.from(withPooling(model).subarray(0, model.length))).toEqual(Buffer.from(model));
    expect(added(model)).toContain(POOLING_WEIGHTS);
    expect(added(model)).toContain(POOLED);
  });

  test.each([
    [['last_hidden_state'], 'last_hidden_state'],
    [['sentence_embedding', 'token_embeddings'], 'token_embeddings'],
    [['logits', 'last_hidden_state'], 'last_hidden_state'],
    [['output_0', 'output_1'], 'output_0'],
  ])('of the outputs %j pools %s', (outputs, hidden) => {
    expect(added(modelOf(...outputs))).toContain(hidden);
  });

  test('is not made of a file that pools by itself, as those for CPUs do', () => {
    expect(() => withPooling(modelOfRank(2))).toThrow(POOLED_ALREADY);
    expect(added(modelOfRank(3))).toContain('embedding');
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['no output', modelOf()],
    ['a text', Buffer.from('this is no model')],
    ['a part of a file', modelOf('last_hidden_state').subarray(0, 14)],
  ])('is not made of %s', (_, bytes) => {
    expect(() => withPooling(bytes)).toThrow(/ONNX model|cut off/);
  });
});
