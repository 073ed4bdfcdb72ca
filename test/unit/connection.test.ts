/** Where Temporal is looked for, and what it refuses. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { existingCluster, temporalTarget, withoutProxyOnLoopback } from '../../client/connection.ts';
import { fromWorkflow, refusalOf } from '../../client/failures.ts';
import { directOnLoopback } from '../../client/worker-flags.ts';
import { loadConfig } from '../../workers/config.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

describe('an environment', () => {
  test('whose variables are empty names nothing with them', async () => {
    const blank = { TEMPORAL_API_KEY: '', TEMPORAL_NAMESPACE: ' ', TEMPORAL_TLS_CLIENT_CERT_PATH: '' };
    const target = await temporalTarget({ env: { TEMPORAL_ADDRESS: 'temporal.example:7233', ...blank } });
    expect(target).toEqual({
      connection: { address: 'temporal.example:7233' },
      namespace: 'scriptorium',
    });
  });

  test('with a key speaks TLS', async () => {
    const env = { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_API_KEY: 'k', TEMPORAL_NAMESPACE: 'n' };
    expect(await temporalTarget({ env })).toMatchObject({ connection: { apiKey: 'k' }, namespace: 'n' });
  });

  test.each([{}, { TEMPORAL_ADDRESS: '' }, { TEMPORAL_ADDRESS: ' ', TEMPORAL_NAMESPACE: 'n' }])(
    'of %j means the local stack',
    (env) => {
      expect(existingCluster(env)).toBeNull();
      expect(loadConfig(env).temporalAddress).toBeNull();
    },
  );

  test('gives what the profile that it names leaves out, for commands as for workers', async () => {
    await using folder = await tempFolder();
    const file = join(folder.path, 'temporal.toml');
    await writeFile(
      file,
      '[profile.team]\naddress = "team.example:7233"\nnamespace = "books"\napi_key = "k"\n',
    );
    const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'team' };
    const named = { address: 'team.example:7233', namespace: 'books' };
    expect(existingCluster(env)).toEqual(named);
    expect(await temporalTarget({ env })).toEqual({
      connection: { address: named.address, apiKey: 'k', tls: true },
      namespace: named.namespace,
    });
    expect(loadConfig(env)).toMatchObject({ temporalAddress: named.address, namespace: named.namespace });
    expect(existingCluster({ ...env, TEMPORAL_NAMESPACE: 'n' })).toEqual({ ...named, namespace: 'n' });
  });

  test('whose profile is not there is wrong, and says so', () => {
    const env = { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml', TEMPORAL_PROFILE: 'team' };
    expect(() => existingCluster(env)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringContaining('team') }),
    );
  });

  test.each([
    [undefined, 'localhost,127.0.0.1,[::1]'],
    ['.example', '.example,localhost,127.0.0.1,[::1]'],
  ])('with a proxy, but for %s, has none for this machine', (no_proxy, direct) => {
    const env = { HTTPS_PROXY: 'http://proxy:3128', ...(no_proxy && { no_proxy }) };
    expect(directOnLoopback(env)).toEqual({ ...env, NO_PROXY: direct, no_proxy: direct });
  });
});

test.each([
  ['127.0.0.1:7233', true],
  ['localhost:7233', true],
  ['[::1]:7233', true],
  ['127.0.0.1.example:7233', false],
  ['temporal.example:7233', false],
  ['10.0.0.1:7233', false],
])('gRPC goes to %s through no proxy: %s', (address, direct) => {
  const { channelArgs } = withoutProxyOnLoopback({ address });
  expect(channelArgs?.['grpc.enable_http_proxy']).toBe(direct ? 0 : undefined);
});

describe('what Temporal refuses', () => {
  const grpc = (code: number, details: string) =>
    Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  const asSdk = (cause: Error) => new Error('Failed to start Workflow', { cause });

  test.each([
    [7, 'Request unauthorized.'],
    [16, 'invalid token'],
    [12, 'Received HTTP status code 404'],
  ])('with code %d is a matter of the settings, and keeps its reason', (code, details) => {
    const refusal = fromWorkflow(asSdk(grpc(code, details)));
    expect(refusal).toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(details) });
    expect(refusal.message).toContain('TEMPORAL_API_KEY');
  });

  test('for another reason is none', () => {
    expect(refusalOf(asSdk(grpc(14, 'no connection')))).toBeNull();
    expect(refusalOf(new Error('else'))).toBeNull();
    expect(refusalOf('text')).toBeNull();
  });
});
