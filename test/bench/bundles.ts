/** The workflows of a benchmark, bundled by its own process: the built product comes with them, so a worker must not pay for it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { writeBundles } from '../../workers/workflow-bundle.ts';

export interface Bundles {
  /** Folder of the product's. */
  readonly ours: string;
  /** Path of the code. */
  readonly floor: string;
}

export async function benchBundles(folder: string): Promise<Bundles> {
  const logger = new DefaultLogger('WARN');
  await writeBundles(folder, logger);
  const workflowsPath = fileURLToPath(new URL('./floor-workflows.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger });
  const floor = join(folder, 'floor.js');
  await writeFile(floor, code);
  return { ours: folder, floor };
}
