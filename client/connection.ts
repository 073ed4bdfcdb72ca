/** How to reach Temporal: an address that was given, the environment (mTLS, API keys, Temporal Cloud), or the local stack. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ScriptoriumError } from '../activities/errors.ts';
import { CallRetries } from './call-retries.ts';
import { homeOf } from './home.ts';
import { DEFAULT_NAMESPACE, readStackState } from './stack-state.ts';
import { traceStarts } from './tracing.ts';

export interface ConnectOptions {
  /** Host and port of Temporal. Default: TEMPORAL_ADDRESS, else the local stack. */
  readonly address?: string;
  /** Default: TEMPORAL_NAMESPACE, else `scriptorium`. */
  readonly namespace?: string;
  /** Environment to read; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface TemporalTarget {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
}

/** Longest wait for the first connection. */
const CONNECT_TIMEOUT = '10s';

/** @throws ScriptoriumError STACK_UNREACHABLE when no address is known */
export async function temporalTarget({
  address,
  namespace,
  env = process.env,
}: ConnectOptions = {}): Promise<TemporalTarget> {
  // A profile for another cluster that lies in a person's home must not leak into this one.
  const usesFile = Boolean(env.TEMPORAL_PROFILE || env.TEMPORAL_CONFIG_FILE);
  const usesEnvironment = Boolean(env.TEMPORAL_ADDRESS || usesFile);
  if (!address && !usesEnvironment) return await localTarget(env, namespace);
  const found = loadClientConnectConfig({ disableFile: !usesFile, overrideEnvVars: definedOnly(env) });
  const connection = address ? { ...found.connectionOptions, address } : found.connectionOptions;
  if (!connection.address) return await localTarget(env, namespace);
  return {
    connection: connectionOptions(connection),
    namespace: namespace ?? (env.TEMPORAL_NAMESPACE || found.namespace) ?? DEFAULT_NAMESPACE,
  };
}

/** @throws ScriptoriumError STACK_UNREACHABLE */
export async function connectTemporal(options: ConnectOptions = {}): Promise<Client> {
  const { connection, namespace } = await temporalTarget(options);
  const retries = new CallRetries();
  const workflow = await traceStarts(options.env ?? process.env);
  try {
    const opened = await Connection.connect({
      ...connection,
      interceptors: retries.interceptors,
      connectTimeout: CONNECT_TIMEOUT,
    });
    return new Client({
      connection: retries.guard(opened),
      namespace,
      ...(workflow.length > 0 && { interceptors: { workflow } }),
    });
  } catch (cause) {
    throw new ScriptoriumError('STACK_UNREACHABLE', `Temporal does not answer at ${connection.address}`, {
      cause,
    });
  }
}

async function localTarget(env: NodeJS.ProcessEnv, namespace: string | undefined): Promise<TemporalTarget> {
  const { stackFile } = homeOf(env);
  const state = await readStackState(stackFile);
  if (!state?.temporalAddress) {
    throw new ScriptoriumError(
      'STACK_UNREACHABLE',
      `No stack is up (${stackFile} names none), and TEMPORAL_ADDRESS is not set`,
    );
  }
  return { connection: { address: state.temporalAddress }, namespace: namespace ?? state.namespace };
}

/** The loader types its options for the native connection; these are the ones both kinds take. */
function connectionOptions({
  address,
  tls,
  apiKey,
  metadata,
}: ReturnType<typeof loadClientConnectConfig>['connectionOptions']): ConnectionOptions {
  return {
    ...(address && { address }),
    ...(tls !== undefined && tls !== null && { tls }),
    ...(apiKey && { apiKey }),
    ...(metadata && { metadata }),
  };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
