/** A real Temporal development server for tests, from the same asset as the product's. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { temporalAsset } from '../../workers/assets/manifest.ts';
import { type BundleOptions, bundleWorkflows as bundleAsTheProduct } from '../../workers/workflow-bundle.ts';

let installed = false;

/** @param settings dynamic configuration of the server, by name */
export async function startTemporal(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<TestWorkflowEnvironment> {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR') });
  installed = true;
  return await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await temporalBinary() },
      extraArgs: Object.entries(settings).flatMap((setting) => [
        '--dynamic-config-value',
        setting.map(String).join('='),
      ]),
    },
  });
}

export async function temporalBinary(): Promise<string> {
  const asset = temporalAsset();
  if (!asset) throw new Error('no Temporal server is known for this machine');
  return await findAsset(asset, { cacheFolder: homeOf().cache, env: process.env });
}

/** The workflows of this checkout, bundled once a test file. */
export async function bundleWorkflows(
  options: Omit<BundleOptions, 'logger'> = {},
): Promise<WorkflowBundleWithSourceMap> {
  return await bundleAsTheProduct({ logger: new DefaultLogger('ERROR'), ...options });
}
