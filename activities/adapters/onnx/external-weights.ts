import { readFile } from 'node:fs/promises';
import { ScriptoriumError } from '../../errors.ts';
import { fieldsOf } from './protobuf.ts';

/** Numbers of fields in onnx.proto: ModelProto.graph, GraphProto.initializer, TensorProto.external_data. */
const [GRAPH, INITIALIZER, EXTERNAL_DATA] = [7, 5, 13];

/**
 * A model's identity is the hash of its file, which must hold all of its weights; exporters put those of large models beside it.
 * @throws ScriptoriumError INVALID_CONFIG when they lie elsewhere, ASSET_UNAVAILABLE when the file can't be read
 */
export async function refuseExternalWeights(modelPath: string): Promise<void> {
  if (!(await hasExternalWeights(modelPath))) return;
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    `The model ${modelPath} can't be used: its weights lie in a file of their own, which its hash does not cover`,
  );
}

async function hasExternalWeights(modelPath: string): Promise<boolean> {
  try {
    const graphs = fieldsOf(await readFile(modelPath), GRAPH);
    return graphs
      .flatMap((graph) => fieldsOf(graph, INITIALIZER))
      .some((tensor) => fieldsOf(tensor, EXTERNAL_DATA).length > 0);
  } catch (error) {
    throw new ScriptoriumError('ASSET_UNAVAILABLE', `The model ${modelPath} can't be read: ${String(error)}`);
  }
}
