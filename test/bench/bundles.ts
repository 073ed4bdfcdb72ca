/** The workflows of a benchmark, bundled by its own process: the built product comes with them, so a worker must not pay for it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { bundleWorkflows } from '../../workers/workflow-bundle.ts';

export interface Bundles {
  /** Paths of the code. */
  readonly ours: string;
  readonly traced: string;
  readonly floor: string;
}

export async function writeBundles(folder: string): Promise<Bundles> {
  const logger = new DefaultLogger('WARN');
  const ours = await bundleWorkflows({ logger });
  const workflowsPath = fileURLToPath(new URL('./floor-workflows.ts', import.meta.url));
  const floor = await bundleWorkflowCode({ workflowsPath, logger });
  const traced = await bundleWorkflows({ traced: true, logger });
  const pathOf = (name: keyof Bundles): string => join(folder, `${name}.js`);
  const paths: Bundles = { ours: pathOf('ours'), traced: pathOf('traced'), floor: pathOf('floor') };
  await writeFile(paths.ours, ours.code);
  await writeFile(paths.traced, traced.code);
  await writeFile(paths.floor, floor.code);
  return paths;
}
