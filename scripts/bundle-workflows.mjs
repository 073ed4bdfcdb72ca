// Bundles the built workflows, plain and traced; what the bundler says is shown only when it fails.
import { writeFileSync } from 'node:fs';
import { DefaultLogger } from '@temporalio/worker';
import { builtBundle, bundleWorkflows } from '../dist/workers/workflow-bundle.js';

for (const traced of [false, true]) {
  const { code } = await bundleWorkflows({ traced, logger: new DefaultLogger('WARN') });
  writeFileSync(builtBundle(traced), code);
}
