/** Writes a model as ONNX Runtime lays it out for this machine: `lay-out-model MODEL FOLDER`. See `laid-out-model.ts`. */
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime';
import { LAID_OUT_NAME } from './laid-out-model.ts';

const [modelPath = '', folder = ''] = process.argv.slice(2);
await InferenceSession.create(modelPath, {
  ...{ intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all' },
  optimizedModelFilePath: join(folder, LAID_OUT_NAME),
  extra: {
    session: {
      optimized_model_external_initializers_file_name: 'weights.bin',
      optimized_model_external_initializers_min_size_in_bytes: '1024',
      save_external_prepacked_constant_initializers: '1',
    },
  },
});
// Its memory needs no tidying; and a parent that is gone must not be waited for.
process.exit(0);
