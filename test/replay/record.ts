/**
 * Records the histories that `replay.test.ts` replays, from a real stack: run it when a version is released.
 *
 *     npm run build && node test/replay/record.ts <version> [type,…]
 */
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { connectTemporal } from '../../client/connection.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import { TemporalService } from '../../client/temporal-service.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { ingestBookId, ingestLibraryId } from '../../workflows/contract.ts';
import { generateBooks } from '../bench/generated-books.ts';
import { fakeEmbedderEnv } from '../chaos/kill-run.ts';
import { streaming } from '../helpers/chat-server.ts';
import { eventually } from '../helpers/eventually.ts';
import { localServer } from '../helpers/local-server.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { endProcess, workerPids } from '../helpers/stack-processes.ts';

const histories = new URL('./histories/', import.meta.url);
/** The same on every machine, so that a history tells nothing of the one that recorded it. */
const folder = join('/tmp', 'scriptorium-histories');

const [version, types] = process.argv.slice(2);
if (!version) throw new Error('name the version that is recorded');

/** A step of a run starts 500. */
const BOOKS = 560;
const MOST_OF_A_KIND = 4;

await using model = await localServer(streaming(['The rails let it be pulled back. ', '[1]']));
await using home = await TestHome.create({
  ...fakeEmbedderEnv,
  ...{ OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_MODEL: 'recorded' },
});
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
await pagesAndJobs();
if (!types || /\bingest(Book|Library)\b/.test(types)) {
  await steeredRun();
  await cancelledRun();
  await resumedRun();
  await home.run('retry', '--library', 'steered');
}
await home.run('cache');
await home.run('explain', join(folder, 'books', 'lights-of-saint-orrin.pdf'));
await home.run('remove', join(folder, 'books', 'lights-of-saint-orrin.pdf'));
await home.run('verify', '--repair');
await home.run('gc', '--grace', '0');
await save(version);
await rm(folder, { recursive: true, force: true });

/** More books than one step takes, every update, a terminated book, and a worker that is killed. */
async function steeredRun(): Promise<void> {
  const books = join(folder, 'generated');
  await generateBooks({ folder: books, books: BOOKS, passages: [3, 6] });
  await writeFile(join(books, 'broken.pdf'), 'no PDF');
  const running = home.run('ingest', books, '--library', 'steered', '--parallel', '50');
  await using client = await ScriptoriumClient.connect({ env: home.env });
  const run = client.run('steered');
  await until(async () => (await run.progress()).books.ingested > 20);
  await run.setParallel(20);
  await run.moveToFront([join(books, 'shelf-0', 'volume-490.txt')]);
  await run.cancelBooks([join(books, 'shelf-0', 'volume-480.txt')]);
  await terminateOne((await run.progress()).running[0]?.bookId ?? '');
  await run.pause();
  await until(async () => (await run.progress()).inFlight === 0);
  await run.resume();
  for (const pid of await workerPids(home.paths.stackFile)) endProcess(pid);
  await until(async () => (await run.progress()).books.ingested > 100);
  await run.retryFailed();
  await run.setParallel(50);
  await running;
}

/** A page, chunks and a page that is not there; jobs behind a run of a person, one sent twice, one of nothing. */
async function pagesAndJobs(): Promise<void> {
  await using temporal = await temporalClient();
  const service = new TemporalService(temporal.client);
  const [book] = (await service.books({ library: 'default', limit: 1 })).books;
  const bookId = book?.bookId ?? '';
  await service.page(bookId, 1);
  await service.chunks(bookId, -1, 2);
  await service.page(bookId, 100_000).catch(() => {});
  await home.run('ingest', join(folder, 'books'), '--library', 'handed-in', '--detach');
  const key = { idempotencyKey: 'the same request' };
  const books = await service.addJob('handed-in', [join(folder, 'books')], key);
  const again = await service.addJob('handed-in', [join(folder, 'books')], key);
  if (again.jobId !== books.jobId) throw new Error('one request made two jobs');
  const missing = await service.addJob('handed-in', [join(folder, 'missing')], {});
  await until(async () => (await service.job(missing.jobId)).endedAtMs !== null);
}

async function cancelledRun(): Promise<void> {
  const running = home.run('ingest', join(folder, 'generated'), '--library', 'cancelled', '--parallel', '10');
  await using client = await ScriptoriumClient.connect({ env: home.env });
  const run = client.run('cancelled');
  await until(async () => (await run.progress()).books.ingested > 5);
  await run.cancel();
  await running;
}

/** A run that was terminated, and the one that is begun after it. */
async function resumedRun(): Promise<void> {
  const books = join(folder, 'generated');
  await using client = await ScriptoriumClient.connect({ env: home.env });
  await using temporal = await temporalClient();
  const former = home.run('ingest', books, '--library', 'resumed', '--parallel', '50');
  const run = client.run('resumed');
  await until(async () => (await run.progress()).books.ingested > 20);
  await temporal.client.workflow.getHandle(ingestLibraryId('resumed')).terminate('recorded');
  await former;
  await home.run('ingest', books, '--library', 'resumed', '--parallel', '50');
}

async function terminateOne(bookId: string): Promise<void> {
  await using temporal = await temporalClient();
  await temporal.client.workflow.getHandle(ingestBookId('steered', bookId)).terminate('recorded');
}

async function temporalClient() {
  const client = await connectTemporal({ env: home.env });
  return { client, [Symbol.asyncDispose]: () => client.connection.close() };
}

/** A run that is not there yet, or does not answer, is asked again. */
async function until(reached: () => Promise<boolean>): Promise<void> {
  await eventually(() => reached().catch(() => false));
}

/** Every workflow that ran, one compressed file each; of the books, a few of each kind of end. */
async function save(release: string): Promise<void> {
  const client = await connectTemporal({ env: home.env });
  const seen = new Map<string, number>();
  for await (const { workflowId, runId, type, status } of client.workflow.list()) {
    if (types && !types.split(',').includes(type)) continue;
    const kind = `${type}-${status.name.toLowerCase().replaceAll('_', '-')}`;
    const number = (seen.get(kind) ?? 0) + 1;
    if (number > MOST_OF_A_KIND) continue;
    seen.set(kind, number);
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const json = historyToJSON(history)
      .replaceAll(/"identity": ?"[^"]*"/g, '"identity":"recorder"')
      .replaceAll(/"stackTrace": ?"(?:[^"\\]|\\.)*"/g, '"stackTrace":""');
    await writeFile(new URL(`${release}-${kind}-${number}.json.gz`, histories), gzipSync(json, { level: 9 }));
  }
  await client.connection.close();
  process.stdout.write(`${[...seen].map(([kind, count]) => `${count} ${kind}`).join(', ')}\n`);
}
