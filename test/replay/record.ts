/**
 * Records the histories that `replay.test.ts` replays, from a real stack: run it when a version is released.
 *
 *     npm run build && node test/replay/record.ts <version>
 */
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { connectTemporal } from '../../client/connection.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { TestHome } from '../helpers/scriptorium.ts';

const histories = new URL('./histories/', import.meta.url);
/** The same on every machine, so that a history tells nothing of the one that recorded it. */
const folder = join('/tmp', 'scriptorium-histories');

const [version] = process.argv.slice(2);
if (!version) throw new Error('name the version that is recorded');

await using home = await TestHome.create();
await buildSamples();
await rm(folder, { recursive: true, force: true });
await mkdir(folder);
await symlink(booksFolder, join(folder, 'books'));
await writeFile(join(folder, 'empty.txt'), '');

await home.run('ingest', join(folder, 'books'), join(folder, 'empty.txt'), join(folder, 'missing'));
await home.run('ingest', join(folder, 'books'));
await home.run('ask', 'Why does the Tolland Low lighthouse stand on rails?');
await home.run('search', 'how to feed bees in spring');
await home.run('books');
await save(version);
await rm(folder, { recursive: true, force: true });

/** Every workflow that ran, one compressed file each. */
async function save(release: string): Promise<void> {
  const client = await connectTemporal({ env: home.env });
  const seen = new Map<string, number>();
  for await (const { workflowId, runId, type } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const number = (seen.get(type) ?? 0) + 1;
    seen.set(type, number);
    const json = historyToJSON(history).replaceAll(/"identity": ?"[^"]*"/g, '"identity":"recorder"');
    await writeFile(new URL(`${release}-${type}-${number}.json.gz`, histories), gzipSync(json, { level: 9 }));
  }
  await client.connection.close();
  process.stdout.write(`${[...seen].map(([type, count]) => `${count} ${type}`).join(', ')}\n`);
}
