/** Writes the OpenAPI document of the HTTP server into the file that is named. */
import { writeFile } from 'node:fs/promises';
import { describedServer } from './described-server.ts';

const [path = 'openapi.json'] = process.argv.slice(2);
await writeFile(path, `${JSON.stringify(await describedServer(), null, 2)}\n`);
