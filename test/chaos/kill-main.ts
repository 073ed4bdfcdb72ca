/** `npm run kills -- …`: one run under SIGKILL, by hand; see kill-run.ts. Exit code 1 when anything was wrong after it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { generateBooks } from '../bench/generated-books.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { killRun } from './kill-run.ts';

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { target: text, kills: text, every: text, seed: text, books: text, parallel: text },
});
const count = z.coerce.number().int().min(1);
const given = z
  .object({
    target: z.enum(['workers', 'temporal', 'all']).default('workers'),
    kills: count.default(10),
    every: count.default(30),
    seed: count.default(1),
    books: count.optional(),
    parallel: count.default(5),
  })
  .parse(values);
const { every: everySeconds, books, ...rest } = given;
if ((books === undefined) === (positionals.length === 0))
  throw new Error('give folders of books, or --books N for generated ones');

await using folder = await tempFolder();
const generated = join(folder.path, 'books');
if (books !== undefined) await generateBooks({ folder: generated, books, passages: [3, 30] });
const report = await killRun({
  ...{ ...rest, everySeconds },
  paths: books === undefined ? positionals : [generated],
  fakeEmbedder: books !== undefined,
});
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
const { total = 0, ingested = 0 } = report.books;
if (report.verified > 0 || report.faults.length > 0 || report.embeddedTwice > 0 || ingested < total)
  process.exitCode = 1;
