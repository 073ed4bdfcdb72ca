// Bundles the built workflows, in every kind that workers need; what the bundler says is shown only when it fails.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { builtBundles, bundleFile, bundleKinds, bundleWorkflows } from '../dist/workers/workflow-bundle.js';

for (const kind of bundleKinds) {
  const { code } = await bundleWorkflows({ ...kind, logger: new DefaultLogger('WARN') });
  writeFileSync(join(builtBundles, bundleFile(kind)), code);
}
