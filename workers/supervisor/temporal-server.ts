/** Temporal's development server: one process, one SQLite file, its web UI. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { devNull } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import getPort, { clearLockedPorts, portNumbers } from 'get-port';
import { ScriptoriumError } from '../../activities/errors.ts';

export interface TemporalPorts {
  readonly frontend: number;
  readonly ui: number;
}

const HOST = '127.0.0.1';
/** Long enough for a server that recovers a large file after a crash. */
const READY_TIMEOUT_MS = 60_000;
const READY_EVERY_MS = 200;
const ANSWER_MS = 3_000;
/** Of the program that asks, its start included. */
const CALL_TIMEOUT_MS = 5_000;
/** Closed runs stay visible for 30 days; what must last longer is in the catalog. */
const RETENTION = '30d';

/** Temporal's usual ports, or the next ones that nobody uses and nobody is to come back to. */
export async function freeTemporalPorts(kept: readonly number[] = []): Promise<TemporalPorts> {
  const frontend = await getPort({ host: HOST, port: portNumbers(7233, 7332), exclude: kept });
  const ui = await getPort({ host: HOST, port: portNumbers(8233, 8332), exclude: [...kept, frontend] });
  return { frontend, ui };
}

/** Whether nobody listens on either. */
export async function areFree({ frontend, ui }: TemporalPorts): Promise<boolean> {
  // What this process was given a moment ago counts as taken.
  clearLockedPorts();
  const found = [await getPort({ host: HOST, port: frontend }), await getPort({ host: HOST, port: ui })];
  return found[0] === frontend && found[1] === ui;
}

export const temporalAddress = (ports: TemporalPorts): string => `${HOST}:${ports.frontend}`;
export const temporalUiUrl = (ports: TemporalPorts): string => `http://${HOST}:${ports.ui}`;

/**
 * The server reads the queue of a shard 20 times a second, and the development server has one shard: five books at once
 * waited 20 ms for each of their steps (measured). And it keeps 128,000 workflows and 256 MB of their events for an hour, which
 * a machine that runs all parts has no room for.
 */
const SERVER_SETTINGS: Readonly<Record<string, number>> = {
  'history.transferProcessorMaxPollRPS': 1_000,
  'history.hostLevelCacheMaxSize': 2_000,
  'history.eventsHostLevelCacheMaxSizeBytes': 32 * 1024 * 1024,
};

/** Write-ahead logging and `synchronous=NORMAL`: a power cut may lose the last moments, never the file; kill -9 loses nothing. */
export async function spawnTemporal(
  binary: string,
  dbFile: string,
  namespace: string,
  ports: TemporalPorts,
  log: number,
): Promise<() => ChildProcess> {
  await mkdir(dirname(dbFile), { recursive: true });
  const args = [
    ...['server', 'start-dev', '--ip', HOST, '--port', String(ports.frontend), '--ui-port', String(ports.ui)],
    ...[
      '--db-filename',
      dbFile,
      '--sqlite-pragma',
      'journal_mode=WAL',
      '--sqlite-pragma',
      'synchronous=NORMAL',
    ],
    ...Object.entries(SERVER_SETTINGS).flatMap(([name, value]) => [
      '--dynamic-config-value',
      `${name}=${value}`,
    ]),
    ...['--namespace', namespace, '--log-level', 'warn'],
  ];
  // The server would ask its maker for news at each start; nothing here reads the answer. And Go lets a heap double before it collects.
  const env = { GOGC: '50', ...process.env, TEMPORAL_VERSION_CHECK_DISABLED: '1' };
  return () => spawn(binary, args, { stdio: ['ignore', log, log], detached: true, env });
}

/** A server of our own: its program, which is a client, too, and where it listens. */
export interface OwnServer {
  readonly binary: string;
  /** Host and port. */
  readonly address: string;
  readonly namespace: string;
}

/** Waits until the server answers and its namespace keeps closed runs for 30 days. */
export async function prepareNamespace(server: OwnServer, throwIfStopping: () => void): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    throwIfStopping();
    const problem = await onNamespace(server, 'update', '--retention', RETENTION);
    if (problem === null) return;
    if (Date.now() > deadline) {
      throw new ScriptoriumError(
        'STACK_UNREACHABLE',
        `The Temporal server does not answer at ${server.address}: ${problem}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, READY_EVERY_MS));
  }
}

/** Why the server does not answer for its namespace; null when it does. */
export async function problemOf(server: OwnServer): Promise<string | null> {
  return await onNamespace(server, 'describe');
}

/**
 * By the program and not by a client of ours, which would take the supervisor a third of its memory for as long as it runs.
 * Resolves to what it complains of, and to null when it is done.
 */
async function onNamespace(
  { binary, address, namespace }: OwnServer,
  ...command: readonly string[]
): Promise<string | null> {
  const own = ['--address', address, '--namespace', namespace, '--command-timeout', `${ANSWER_MS}ms`];
  // Settings and credentials of the environment are for other clusters; what lies in a person's home, too.
  const env = { ...withoutTemporal(process.env), TEMPORAL_CONFIG_FILE: devNull };
  const startedMs = Date.now();
  try {
    await promisify(execFile)(binary, ['operator', 'namespace', ...command, ...own], {
      timeout: CALL_TIMEOUT_MS,
      env,
    });
    return null;
  } catch (error) {
    // What the program says then is that it was interrupted.
    if (Date.now() - startedMs >= ANSWER_MS) return `no answer within ${ANSWER_MS / 1_000} s`;
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    // It explains itself in several lines, and names what is wrong in the first.
    return (said.split('\n')[0] || String(error)).replace(/^Error: /, '');
  }
}

/** The environment without the settings and credentials of Temporal that it names. */
export function withoutTemporal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
