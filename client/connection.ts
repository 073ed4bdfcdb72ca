/** How to reach Temporal: an address that was given, the environment (mTLS, API keys, Temporal Cloud), or the local stack. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ScriptoriumError } from '../activities/errors.ts';
import { CallRetries } from './call-retries.ts';
import { refusalOf } from './failures.ts';
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

/**
 * The cluster that TEMPORAL_ADDRESS, or the profile that is asked for, names; null where the local stack is meant.
 * @throws ScriptoriumError INVALID_CONFIG for a configuration file of Temporal that can't be read
 */
export function existingCluster(
  env: NodeJS.ProcessEnv = process.env,
): { readonly address: string; readonly namespace: string } | null {
  const found = configuredCluster(env);
  return found && { address: found.address, namespace: found.namespace };
}

/** @throws ScriptoriumError STACK_UNREACHABLE when no address is known */
export async function temporalTarget({
  address,
  namespace,
  env = process.env,
}: ConnectOptions = {}): Promise<TemporalTarget> {
  const found = configuredCluster(env, address);
  if (!found) return await localTarget(env, namespace);
  return {
    connection: withoutProxyOnLoopback(connectionOptions(found)),
    namespace: namespace ?? found.namespace,
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
    const refusal = refusalOf(cause);
    if (refusal) throw refusal;
    throw new ScriptoriumError('STACK_UNREACHABLE', `Temporal does not answer at ${connection.address}`, {
      cause,
    });
  }
}

type ConnectConfig = ReturnType<typeof loadClientConnectConfig>;

interface ConfiguredCluster extends Pick<ConnectConfig['connectionOptions'], 'tls' | 'apiKey' | 'metadata'> {
  readonly address: string;
  readonly namespace: string;
}

/** Null where no address is given or found: the rest would mean nothing. */
function configuredCluster(env: NodeJS.ProcessEnv, given?: string): ConfiguredCluster | null {
  // A profile for another cluster that lies in a person's home must not leak into this one.
  const usesFile = Boolean(env.TEMPORAL_PROFILE?.trim() || env.TEMPORAL_CONFIG_FILE?.trim());
  if (!given && !usesFile && !env.TEMPORAL_ADDRESS?.trim()) return null;
  const { connectionOptions: options, namespace } = readClusterConfig(env, usesFile);
  const address = given ?? options.address?.trim();
  if (!address) return null;
  return { ...options, address, namespace: namespace?.trim() || DEFAULT_NAMESPACE };
}

function readClusterConfig(env: NodeJS.ProcessEnv, usesFile: boolean): ConnectConfig {
  try {
    return loadClientConnectConfig({ disableFile: !usesFile, overrideEnvVars: setOnly(env) });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ScriptoriumError('INVALID_CONFIG', `Temporal's own settings can't be read: ${why}`, { cause });
  }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)(?::\d+)?$/i;

/** gRPC takes `https_proxy` for this machine, too, where no other program does; a proxy elsewhere can't reach it. */
export function withoutProxyOnLoopback(options: ConnectionOptions): ConnectionOptions {
  if (!LOOPBACK.test(options.address ?? '')) return options;
  return { ...options, channelArgs: { ...options.channelArgs, 'grpc.enable_http_proxy': 0 } };
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
  return {
    connection: withoutProxyOnLoopback({ address: state.temporalAddress }),
    namespace: namespace ?? state.namespace,
  };
}

/** The loader types its options for the native connection; these are the ones both kinds take. */
function connectionOptions({ address, tls, apiKey, metadata }: ConfiguredCluster): ConnectionOptions {
  return {
    address,
    ...(tls !== undefined && tls !== null && { tls }),
    ...(apiKey && { apiKey }),
    ...(metadata && { metadata }),
  };
}

/** An empty value counts as not set: the loader would take an empty key for one, and speak TLS. */
function setOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value]] : [])),
  );
}
