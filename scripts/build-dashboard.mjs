// Bundles the dashboard into dist/client/dashboard/.
import { build } from 'vite';
import { dashboard } from './dashboard-options.mjs';

await build(dashboard);
