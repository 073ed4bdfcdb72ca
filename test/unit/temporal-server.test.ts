/** What the stack's own Temporal server is asked by its program. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { prepareNamespace, problemOf } from '../../workers/supervisor/temporal-server.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const address = '127.0.0.1:1';

/** A program in the place of Temporal's. */
async function serverWith(folder: string, script: string) {
  const binary = join(folder, 'temporal');
  await writeFile(binary, `#!/bin/sh\n${script}\n`);
  await chmod(binary, 0o700);
  return { binary, address, namespace: 'scriptorium' };
}

test('a server that answers has no problem, and is asked without the settings of other clusters', async () => {
  await using folder = await tempFolder();
  const script = 'test -z "$TEMPORAL_API_KEY$TEMPORAL_ADDRESS" && test "$TEMPORAL_CONFIG_FILE" = /dev/null';
  const server = await serverWith(folder.path, script);
  process.env.TEMPORAL_API_KEY = 'secret';
  try {
    expect(await problemOf(server)).toBeNull();
    await prepareNamespace(server, () => {});
  } finally {
    delete process.env.TEMPORAL_API_KEY;
  }
});

test('what it complains of is told in its own words', async () => {
  await using folder = await tempFolder();
  const refused = await serverWith(
    folder.path,
    'echo "Error: connection refused\n  Namespace: x" >&2; exit 1',
  );
  expect(await problemOf(refused)).toBe('connection refused');
  expect(await problemOf({ ...refused, binary: join(folder.path, 'none') })).toMatch(/ENOENT/);
});

test('a server that hangs is said not to answer', async () => {
  await using folder = await tempFolder();
  const server = await serverWith(folder.path, 'sleep 3.1; echo "Error: program interrupted" >&2; exit 1');
  expect(await problemOf(server)).toBe('no answer within 3 s');
});

test('to wait for it ends when the stack is stopped', async () => {
  await using folder = await tempFolder();
  const server = await serverWith(folder.path, 'exit 1');
  let looks = 0;
  const stopping = (): void => {
    looks += 1;
    if (looks > 2) throw new Error('the stack is stopping');
  };
  await expect(prepareNamespace(server, stopping)).rejects.toThrow('the stack is stopping');
});
