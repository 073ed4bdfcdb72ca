import type { LocalModel } from '../../activities/adapters/onnx/model-folder.ts';

/** How all-MiniLM-L6-v2 is used, whichever of its files; its makers trained it with texts of 256 tokens. */
export const minilm = {
  ...{ name: 'all-MiniLM-L6-v2', pooling: 'mean', maxTokens: 256 },
  prefixes: { question: '', passage: '' },
} as const satisfies Omit<LocalModel, 'modelPath' | 'tokenizerPath'>;
