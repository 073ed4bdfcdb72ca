/** All workflows as one piece of code, for the workers. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { siblingModule } from '../activities/sibling-module.ts';

export interface BundleOptions {
  /** With Temporal's interceptors for OpenTelemetry, which cost each workflow some milliseconds. Default false. */
  readonly traced?: boolean;
  readonly logger?: Logger;
}

/**
 * Takes some seconds. What is preloaded is evaluated once, frozen, and shared by the workflows of a worker, so it must
 * keep no state of a workflow; everything else is evaluated for each workflow that starts.
 */
export async function bundleWorkflows({
  traced = false,
  logger,
}: BundleOptions = {}): Promise<WorkflowBundleWithSourceMap> {
  const observe = traced ? '../workflows/observe-traced' : '../workflows/observe';
  return await bundleWorkflowCode({
    workflowsPath: siblingModule(import.meta.url, '../workflows/index'),
    // The first is the outermost: ours runs inside of the span.
    workflowInterceptorModules: [
      ...(traced ? [siblingModule(import.meta.url, '../workflows/traced')] : []),
      siblingModule(import.meta.url, observe),
    ],
    preloadModules: [siblingModule(import.meta.url, '../workflows/zod-without-eval')],
    ...(logger && { logger }),
  });
}

/** Where the build puts the bundle. */
export const builtBundle = (traced: boolean): string =>
  fileURLToPath(new URL(traced ? '../workflow-bundle-traced.js' : '../workflow-bundle.js', import.meta.url));
