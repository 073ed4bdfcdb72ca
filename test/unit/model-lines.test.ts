import { expect, test } from '@jest/globals';
import { modelLines } from '../../client/cli/commands/model.ts';

const variant = {
  precision: 'exact',
  recallAt10: 1,
  file: '/model.onnx',
  chunksPerSecond: null,
  cosine: null,
};

test('the list of the files of the model marks the one that is used, or says that none is', () => {
  const report = (used: string | null) => ({
    threads: 2,
    reference: null,
    variants: ['int8', 'fp32'].map((name) => ({ ...variant, name, chosen: name === used })),
  });
  expect(modelLines(report('fp32')).map((line) => line.slice(0, 6))).toEqual(['  int8', '* fp32']);
  expect(modelLines(report(null)).at(-1)).toContain('SCRIPTORIUM_MODEL_FOLDER');
});

test('a recall that nobody has measured is told as such, and not as a number', () => {
  const variants = [{ ...variant, name: 'fp16', recallAt10: null, chosen: false }];
  expect(modelLines({ threads: 2, reference: null, variants })[0]).toContain('recall@10 not measured');
});
