// Bundles the built workflows; what the bundler says is shown only when it fails.
import { writeFileSync } from 'node:fs';
import { DefaultLogger } from '@temporalio/worker';
import { builtBundle, bundleWorkflows } from '../dist/workers/workflow-bundle.js';

const { code } = await bundleWorkflows(new DefaultLogger('WARN'));
writeFileSync(builtBundle, code);
