/** Keys that are made and revoked leave lines, and no key in them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { Command } from 'commander';
import { addKeysCommand } from '../../client/cli/commands/keys.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

test('`keys add` and `keys revoke` stand in audit.log, with how they ended', async () => {
  await using folder = await tempFolder();
  const replaced = jest.replaceProperty(process, 'env', { ...process.env, SCRIPTORIUM_HOME: folder.path });
  const said = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockReturnValue(true),
  );
  const keys = async (...words: string[]): Promise<void> => {
    const program = new Command().option('--json').exitOverride();
    addKeysCommand(program);
    await program.parseAsync(['keys', ...words], { from: 'user' });
  };
  try {
    await keys('add', 'reader', '--library', 'sea');
    await keys('revoke', 'reader');
    await expect(keys('revoke', 'reader')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  } finally {
    replaced.restore();
    for (const spy of said) spy.mockRestore();
  }
  const log = await readFile(join(folder.path, 'logs', 'audit.log'), 'utf8');
  const lines = log
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  const by = { audit: true, key: 'local', way: 'cli', name: 'reader' };
  expect(lines).toMatchObject([
    { ...by, action: 'add key', scopes: ['ask'], libraries: ['sea'], outcome: 'begun' },
    { ...by, action: 'add key', outcome: 'done' },
    { ...by, action: 'revoke key', outcome: 'begun' },
    { ...by, action: 'revoke key', outcome: 'done' },
    { ...by, action: 'revoke key', outcome: 'begun' },
    { ...by, action: 'revoke key', outcome: 'INVALID_ARGUMENT' },
  ]);
  expect(log).not.toMatch(/scr_/);
});
