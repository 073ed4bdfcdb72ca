/** All workflows as one piece of code, for the workers. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { siblingModule } from '../activities/sibling-module.ts';

/**
 * Takes some seconds. What is preloaded is evaluated once, frozen, and shared by the workflows of a worker, so it must
 * keep no state of a workflow; everything else is evaluated for each workflow that starts.
 */
export async function bundleWorkflows(logger?: Logger): Promise<WorkflowBundleWithSourceMap> {
  return await bundleWorkflowCode({
    workflowsPath: siblingModule(import.meta.url, '../workflows/index'),
    preloadModules: [siblingModule(import.meta.url, '../workflows/zod-without-eval')],
    ...(logger && { logger }),
  });
}

/** Where the build puts the bundle. */
export const builtBundle = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
