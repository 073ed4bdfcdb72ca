/** Searches and cached answers over HTTP: twenty clients, with and without thousands of connections that send nothing. */
import { connect, type Socket } from 'node:net';
import autocannon from 'autocannon';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { readQuestions } from '../../samples/questions.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { buildProduct } from './built-product.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, reportOf } from './report.ts';

const CLIENTS = 20;
const SILENT = 5_000;
const WARM_SECONDS = 30;

interface Load {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly errors: number;
}

export async function benchHttp({
  rounds: wanted = 2,
  seconds = 60,
  signal,
}: BenchOptions): Promise<BenchReport> {
  buildProduct();
  await buildSamples();
  await using home = await TestHome.create({ SCRIPTORIUM_HTTP_ADDRESS: '127.0.0.1:0' });
  await home.json('ingest', booksFolder);
  const url = await home.addressOf('http');
  const texts = (await readQuestions()).questions.map(({ question }) => question);
  const loads: Record<string, Load[]> = {};
  const measured = (name: string, path: string, bodies: readonly object[]) => async (): Promise<number> => {
    const load = await cannon(`${url}${path}`, bodies, seconds);
    loads[name] = [...(loads[name] ?? []), load];
    return load.p95;
  };
  const searches = texts.map((query) => ({ query }));
  const asked = texts.map((question) => ({ question }));
  // Answers are in the cache from the second time on; the store's upkeep, some seconds after a book, is then over.
  await cannon(`${url}/api/v1/query`, asked, WARM_SECONDS);
  await cannon(`${url}/api/v1/search`, searches, WARM_SECONDS);
  const search = measured('search', '/api/v1/search', searches);
  const rounds = await alternate(
    {
      scriptorium: async () => {
        await using _ = await silentConnections(url, SILENT);
        return await measured('search, silent connections', '/api/v1/search', searches)();
      },
      'no silent connections': search,
    },
    wanted,
    signal,
  );
  for (let round = 0; round < wanted; round++) {
    signal.throwIfAborted();
    await measured('cached answer', '/api/v1/query', asked)();
    await using _ = await silentConnections(url, SILENT);
    await measured('cached answer, silent connections', '/api/v1/query', asked)();
  }
  return {
    ...reportOf(
      {
        ...{ bench: 'http', unit: 'ms p95 of a search' },
        settings: { clients: CLIENTS, seconds, rounds: wanted, silent: SILENT, books: 'samples' },
        notMeasured: 'a large library (see search), a network between, TLS',
      },
      rounds,
    ),
    figures: Object.fromEntries(Object.entries(loads).flatMap(([name, all]) => figuresOf(name, all))),
  };
}

function figuresOf(name: string, loads: readonly Load[]): [string, string][] {
  return loads.map(({ perSecond, p50, p95, errors }, round) => [
    `${name}${loads.length > 1 ? `, round ${round + 1}` : ''}`,
    `${perSecond.toFixed(0)} a second, p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, ${errors} errors`,
  ]);
}

async function cannon(url: string, bodies: readonly object[], seconds: number): Promise<Load> {
  const times: number[] = [];
  let refused = 0;
  const options = {
    ...{ url, connections: CLIENTS, duration: seconds },
    requests: bodies.map((body) => ({
      ...{ method: 'POST' as const, body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json' },
    })),
  };
  const { errors, timeouts, duration } = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)));
    run.on('response', (_client, status, _bytes, ms) => {
      times.push(ms);
      if (status !== 200) refused += 1;
    });
  });
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * times.length)] ?? Number.NaN;
  return {
    perSecond: times.length / duration,
    p50: at(0.5),
    p95: at(0.95),
    errors: errors + timeouts + refused,
  };
}

/** As many as the server lets be: one that it closes is opened again. */
async function silentConnections(url: string, count: number): Promise<AsyncDisposable> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let over = false;
  const open = (): void => {
    const socket = connect(Number(port), hostname);
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      if (!over) setTimeout(open, 100).unref();
    });
  };
  for (let at = 0; at < count; at++) {
    open();
    // A queue of connections that is longer than the system takes would fail by itself.
    if (at % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    [Symbol.asyncDispose]: async () => {
      over = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
