// Writes docs/openapi.json from the schemas of the HTTP server, and client/http/schema.ts, the types of its client, from
// that. The generator wants an older TypeScript than ours, so it runs outside of the project.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, node, root, run } from './ensure-installed.mjs';

ensureInstalled();
const document = join(root, 'docs', 'openapi.json');
run(node, ['--no-warnings', join(root, 'scripts', 'openapi-document.ts'), document]);
const folder = mkdtempSync(join(tmpdir(), 'scriptorium-openapi-'));
const types = join(folder, 'schema.ts');
const packages = ['-p', 'openapi-typescript@7.13.0', '-p', 'typescript@5.9.3'];
run(
  'npx',
  ['--yes', ...packages, 'openapi-typescript', document, '-o', types, '--default-non-nullable=false'],
  { cwd: folder },
);
const hash = createHash('sha256').update(readFileSync(document)).digest('hex');
const head = `// Made by \`npm run openapi\` from docs/openapi.json; do not edit.\n// SHA-256 of that: ${hash}\n`;
writeFileSync(join(root, 'client', 'http', 'schema.ts'), head + readFileSync(types, 'utf8'));
rmSync(folder, { recursive: true });
run('biome', ['format', '--write', 'docs/openapi.json', 'client/http/schema.ts']);
