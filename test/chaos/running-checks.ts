/** Checks that need the stack, or the machine it ran on. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { TestHome } from '../helpers/scriptorium.ts';
import { chunkIds } from './checks.ts';
import type { Stored } from './stored.ts';

const searched = z.object({ hits: z.array(z.object({ chunkId: z.string(), path: z.string() })) });

/** A search returns only chunks of committed revisions, and some where there are any. */
export function foreignHits(result: unknown, { records }: Stored): string[] {
  const committed = new Set(records.flatMap(chunkIds));
  const { hits } = searched.parse(result);
  const foreign = hits.filter(({ chunkId }) => !committed.has(chunkId));
  const none = hits.length === 0 && committed.size > 0;
  return [
    ...foreign.map(({ path, chunkId }) => `a search found ${chunkId} of ${path}, which is not committed`),
    ...(none ? ['a search found nothing'] : []),
  ];
}

/** Processes of the stack in this home that still run, by the environment they were started with. */
export async function straysOf(home: TestHome): Promise<string[]> {
  const mark = `SCRIPTORIUM_HOME=${home.paths.folder}`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(join('/proc', pid, 'environ'), 'utf8').catch(() => '');
      if (!environment.split('\0').includes(mark)) return [];
      const command = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
      return [`${pid} ${command.replaceAll('\0', ' ')}`];
    }),
  );
  return found.flat();
}

export async function endStrays(home: TestHome): Promise<void> {
  for (const stray of await straysOf(home)) process.kill(Number.parseInt(stray, 10), 'SIGKILL');
}

/** What the supervisor told of processes that it started again. */
export async function restartsIn(home: TestHome): Promise<string[]> {
  const log = await readFile(join(home.paths.logs, 'supervisor.log'), 'utf8').catch(() => '');
  const ends = log.matchAll(/scriptorium: (.* ended .*?); it is started again/g);
  return Array.from(ends, ([, end = '']) => `${end}, and was started again`);
}
