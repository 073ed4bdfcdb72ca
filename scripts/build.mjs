// Builds the package into dist/: JavaScript and types, the workflows and the programs as bundles, so that they
// start at once, and the dashboard as the files that a browser loads.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root, run } from './ensure-installed.mjs';

ensureInstalled();
rmSync(join(root, 'dist'), { recursive: true, force: true });
run('tsc', ['-p', 'tsconfig.build.json']);
run('node', ['scripts/bundle-workflows.mjs']);
run('node', ['scripts/bundle-programs.mjs']);
run('node', ['scripts/build-dashboard.mjs']);
