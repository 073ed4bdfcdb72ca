/** Makes a namespace know our search attributes, so that runs and books can be found by them. */
import { setTimeout } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { searchAttributeKeys } from '../workflows/search-attributes.ts';

/** What is asked of Temporal here; a connection of workers or of clients. */
export type OperatorConnection = Pick<NativeConnection, 'operatorService'>;

/** A server applies new attributes within seconds. */
const APPLIED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 250;

/**
 * Adds the search attributes that the namespace lacks, and waits until it lists them.
 * @returns false, with a warning that names what an operator can run, where that is not permitted: runs then go
 * without them
 */
export async function ensureSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
  logger: Pick<Logger, 'warn'>,
): Promise<boolean> {
  try {
    const missing = await missingFrom(connection, namespace);
    if (missing.length === 0) return true;
    await add(connection, namespace, missing);
    await untilListed(connection, namespace);
    return true;
  } catch (error) {
    logger.warn(
      { error: String(error), command: commandFor(namespace) },
      'the search attributes of Scriptorium could not be added; an operator can, with this command',
    );
    return false;
  }
}

type Key = (typeof searchAttributeKeys)[number];

/** Temporal's IndexedValueType of ours. */
const valueTypes = { KEYWORD: 2, INT: 3 } as const;

async function missingFrom({ operatorService }: OperatorConnection, namespace: string): Promise<Key[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  for (const { name, type } of searchAttributeKeys)
    if (customAttributes[name] !== undefined && customAttributes[name] !== valueTypes[type])
      throw new Error(`the search attribute ${name} is there, and is not of type ${type}`);
  return searchAttributeKeys.filter(({ name }) => customAttributes[name] === undefined);
}

async function add(
  { operatorService }: OperatorConnection,
  namespace: string,
  keys: readonly Key[],
): Promise<void> {
  const searchAttributes = Object.fromEntries(keys.map(({ name, type }) => [name, valueTypes[type]]));
  try {
    await operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Another worker that started at the same moment may have been first.
    if (!isAlreadyThere(error)) throw error;
  }
}

async function untilListed(connection: OperatorConnection, namespace: string): Promise<void> {
  const deadline = Date.now() + APPLIED_WITHIN_MS;
  while ((await missingFrom(connection, namespace)).length > 0) {
    if (Date.now() > deadline)
      throw new Error(`they were added, and are not listed after ${APPLIED_WITHIN_MS / 1_000} s`);
    await setTimeout(LOOK_EVERY_MS);
  }
}

/** gRPC's ALREADY_EXISTS. */
function isAlreadyThere(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 6;
}

/** As Temporal's own tool takes it. */
export function commandFor(namespace: string): string {
  const typeName = { KEYWORD: 'Keyword', INT: 'Int' } as const;
  const each = searchAttributeKeys.map(({ name, type }) => `--name ${name} --type ${typeName[type]}`);
  return `temporal operator search-attribute create --namespace ${namespace} ${each.join(' ')}`;
}
