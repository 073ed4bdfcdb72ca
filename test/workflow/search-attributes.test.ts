import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { commandFor, ensureSearchAttributes } from '../../workers/search-attributes.ts';
import { searchAttributeKeys } from '../../workflows/search-attributes.ts';
import { startTemporal } from '../helpers/temporal.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await startTemporal();
}, 120_000);
afterAll(async () => await env?.teardown());

const warned: unknown[] = [];
const logger = { warn: (...said: unknown[]): void => void warned.push(...said) };

test('what a namespace lacks is added once, also when two workers start at the same moment', async () => {
  const ensure = (): Promise<boolean> => ensureSearchAttributes(env.nativeConnection, 'default', logger);
  expect(await Promise.all([ensure(), ensure()])).toEqual([true, true]);
  expect(await ensure()).toBe(true);
  const { customAttributes } = await env.nativeConnection.operatorService.listSearchAttributes({
    namespace: 'default',
  });
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining(searchAttributeKeys.map(({ name }) => name)),
  );
  expect(warned).toEqual([]);
}, 60_000);

test('where it is not permitted, the command for an operator is logged', async () => {
  expect(await ensureSearchAttributes(env.nativeConnection, 'not-ours', logger)).toBe(false);
  expect(warned).toContainEqual(expect.objectContaining({ command: commandFor('not-ours') }));
  expect(commandFor('n')).toMatch(
    /^temporal operator search-attribute create --namespace n --name ScriptoriumLibrary --type Keyword .*--name ScriptoriumBooksDone --type Int/,
  );
}, 60_000);
