/** Writes a model as ONNX Runtime lays it out for this machine: `lay-out-model MODEL FOLDER own|published`. See `laid-out-model.ts`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime';
import { publishedMinilm } from './graphs/published-minilm.ts';
import { LAID_OUT_NAME } from './laid-out-model.ts';

const [modelPath = '', folder = '', graph = 'published'] = process.argv.slice(2);
const options: InferenceSession.SessionOptions = {
  ...{ intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all' },
  optimizedModelFilePath: join(folder, LAID_OUT_NAME),
  extra: {
    session: {
      optimized_model_external_initializers_file_name: 'weights.bin',
      optimized_model_external_initializers_min_size_in_bytes: '1024',
      save_external_prepacked_constant_initializers: '1',
    },
  },
};
if (graph === 'own') await InferenceSession.create(publishedMinilm(await readFile(modelPath)), options);
else await InferenceSession.create(modelPath, options);
// Its memory needs no tidying; and a parent that is gone must not be waited for.
process.exit(0);
