// Before the package is packed. ONNX Runtime is bundled, under a name of its own, because its install script fetches CUDA
// libraries from outside of every registry, and fails the whole installation where it may not. What is bundled has none.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './ensure-installed.mjs';

const file = join(root, 'node_modules', 'onnxruntime', 'package.json');
const { scripts: _, ...manifest } = JSON.parse(readFileSync(file, 'utf8'));
writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
