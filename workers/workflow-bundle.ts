/** Workflows as pieces of code, for the workers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { siblingModule } from '../activities/sibling-module.ts';

/** What a bundle holds: every workflow, or only that of a book, which nine thousand books load nine thousand times. */
export type WorkflowSet = 'all' | 'book';

const entries: Readonly<Record<WorkflowSet, string>> = {
  all: '../workflows/index',
  book: '../workflows/documents',
};

export interface BundleOptions {
  /** Default `all`. */
  readonly workflows?: WorkflowSet;
  /** With Temporal's interceptors for OpenTelemetry, which cost each workflow some milliseconds. Default false. */
  readonly traced?: boolean;
  readonly logger?: Logger;
}

/**
 * Takes some seconds. What is preloaded is evaluated once, frozen, and shared by the workflows of a worker, so it must
 * keep no state of a workflow; everything else is evaluated for each workflow that starts.
 */
export async function bundleWorkflows({
  workflows = 'all',
  traced = false,
  logger,
}: BundleOptions = {}): Promise<WorkflowBundleWithSourceMap> {
  const observe = traced ? '../workflows/observe-traced' : '../workflows/observe';
  return await bundleWorkflowCode({
    workflowsPath: siblingModule(import.meta.url, entries[workflows]),
    // The first is the outermost: ours runs inside of the span.
    workflowInterceptorModules: [
      ...(traced ? [siblingModule(import.meta.url, '../workflows/traced')] : []),
      siblingModule(import.meta.url, observe),
    ],
    ...(workflows === 'all' && {
      preloadModules: [siblingModule(import.meta.url, '../workflows/zod-without-eval')],
    }),
    ...(logger && { logger }),
  });
}

/** Each kind of bundle that workers may need. */
const bundleKinds = (['all', 'book'] as const).flatMap((workflows) =>
  [false, true].map((traced) => ({ workflows, traced })),
);
type BundleKind = (typeof bundleKinds)[number];

export const bundleFile = ({ workflows, traced }: BundleKind): string =>
  `workflow-bundle${workflows === 'book' ? '-book' : ''}${traced ? '-traced' : ''}.js`;

/** Folder that the build puts them into. */
export const builtBundles = fileURLToPath(new URL('..', import.meta.url));

/**
 * Makes each kind of bundle, in the folder.
 * @returns the names of the files
 */
export async function writeBundles(folder: string, logger: Logger): Promise<string[]> {
  for (const kind of bundleKinds) {
    const { code } = await bundleWorkflows({ ...kind, logger });
    await writeFile(join(folder, bundleFile(kind)), code);
  }
  return bundleKinds.map(bundleFile);
}
