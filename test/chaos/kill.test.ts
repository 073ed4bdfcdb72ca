/** Kill -9 in the middle of a run: it completes by itself, nothing is done twice, nothing is lost. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { connectTemporal } from '../../client/connection.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { ingestBookId, type RunProgress, runProgressQuery } from '../../workflows/contract.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { faultsIn, killRun } from './kill-run.ts';

beforeAll(async () => void (await buildSamples()));

/** The sample books, and one that takes a while. */
async function library(home: TestHome): Promise<string> {
  const folder = join(home.folder, 'books');
  await cp(booksFolder, folder, { recursive: true });
  await writeLongBook(join(folder, 'long.txt'), 400);
  return folder;
}

describe.each(['workers', 'temporal'] as const)('a run whose %s are killed four times', (target) => {
  test('completes by itself, with every point once and no batch embedded twice', async () => {
    await using home = await TestHome.create();
    const folder = await library(home);
    const report = await killRun({ paths: [folder], target, kills: 4, everySeconds: 6, seed: 7 });
    expect(report.books).toEqual({ total: 9, ingested: 9, unchanged: 0, failed: 0, cancelled: 0 });
    expect(report.kills).toBeGreaterThan(0);
    expect(report).toMatchObject({ embeddedTwice: 0, faults: [] });
  }, 600_000);
});

const result = z.object({
  books: z.record(z.string(), z.number()),
  failures: z.array(z.object({ path: z.string(), code: z.string() })),
});

describe('a book whose workflow is terminated', () => {
  test('is noticed, named, and ingested by the next run', async () => {
    await using home = await TestHome.create();
    const folder = join(home.folder, 'books');
    await mkdir(folder);
    await writeLongBook(join(folder, 'long.txt'), 400);
    await writeFile(join(folder, 'short.txt'), 'The owl sleeps in the tower by day.');
    expect((await home.run('up', '--detach')).code).toBe(0);
    const running = home.json('ingest', folder);
    await terminate(home, 'long.txt');
    const first = await running;
    const lost = result.parse(first.result);
    expect(first.code).toBe(3);
    expect(lost.books).toMatchObject({ total: 2, ingested: 1, failed: 1 });
    expect(lost.failures).toMatchObject([{ path: join(folder, 'long.txt'), code: 'CHILD_LOST' }]);
    const second = result.parse((await home.json('ingest', folder)).result);
    expect(second.books).toMatchObject({ ingested: 1, unchanged: 1, failed: 0 });
    await home.run('down');
    expect(await faultsIn(home.paths.store)).toEqual([]);
  }, 600_000);
});

/** As an operator does it in Temporal's UI, as soon as the book is in flight. */
async function terminate(home: TestHome, name: string): Promise<void> {
  const client = await connectTemporal({ env: home.env });
  const run = client.workflow.getHandle('ingest/default');
  for (;;) {
    const progress = await run.query<RunProgress>(runProgressQuery).catch(() => null);
    const book = progress?.running.find(({ path }) => path.endsWith(name));
    if (book) {
      await client.workflow
        .getHandle(ingestBookId('default', book.bookId))
        .terminate('closed by an operator');
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await client.connection.close();
}
