// Bundles the built workflows, in every kind that workers need; what the bundler says is shown only when it fails.
import { DefaultLogger } from '@temporalio/worker';
import { builtBundles, writeBundles } from '../dist/workers/workflow-bundle.js';

await writeBundles(builtBundles, new DefaultLogger('WARN'));
