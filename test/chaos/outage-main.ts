/**
 * `npm run outage -- [--seconds 180] [--books 400] [--after 10]`: the store's server is killed in the middle of a run and
 * stays away for so long. No book may fail for it. Exit code 1 when one did, or when anything is wrong with the points.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { generateBooks } from '../bench/generated-books.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { pointFaults } from './checks.ts';
import { fakeEmbedderEnv, faultsOf, ingestResult, verifyResult } from './kill-run.ts';
import { StoreServer } from './store-server.ts';
import { readQdrant } from './stored.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { seconds: text, books: text, after: text } });
const count = z.coerce.number().int().min(1);
const { seconds, books, after } = z
  .object({ seconds: count.default(180), books: count.default(400), after: count.default(10) })
  .parse(values);

await using folder = await tempFolder();
const library = join(folder.path, 'books');
await generateBooks({ folder: library, books, passages: [3, 30] });
await using store = await StoreServer.start(folder.path);
await using home = await TestHome.create({ ...fakeEmbedderEnv, QDRANT_URL: store.url });
await home.run('up', '--detach');
const running = home.json('ingest', library);
await delay(after * 1_000);
const before = settledOf(await home.json('status'));
const outage = store.killAndRestart(seconds * 1_000);
await delay((seconds - 5) * 1_000);
const during = settledOf(await home.json('status'));
await outage;
const { code, result } = await running;
const verification = verifyResult.parse((await home.json('verify')).result);
const report = {
  ...ingestResult.parse(result),
  ...{ exitCode: code, down: seconds, settledBefore: before, settledAtItsEnd: during },
  verified: faultsOf(verification),
  faults: pointFaults(await readQdrant(store.serverUrl)),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
if (code !== 0 || report.verified > 0 || report.faults.length > 0) process.exitCode = 1;

/** Books of the run that are done. */
function settledOf({ result }: { readonly result: unknown }): number {
  const status = z.object({ runs: z.array(z.object({ books: z.record(z.string(), z.number()) })) });
  const { ingested = 0, failed = 0 } = status.parse(result).runs[0]?.books ?? {};
  return ingested + failed;
}
