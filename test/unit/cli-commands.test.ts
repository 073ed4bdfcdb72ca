/** Commands as they are declared, and as they fail. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { Command } from 'commander';
import { absolutePaths } from '../../client/absolute-paths.ts';
import { addStackCommands } from '../../client/cli/commands/stack.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const main = fileURLToPath(new URL('../../client/cli/main.ts', import.meta.url));

/** What the command line says on standard error, when standard input is empty. */
async function said(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return await new Promise((resolve) => {
    const options = { env: { ...rest, ...env }, timeout: 60_000 };
    const child = execFile(
      process.execPath,
      ['--no-warnings', main, ...args],
      options,
      (_error, _out, text) => resolve(text),
    );
    child.stdin?.end();
  });
}

test.each([
  ['with --debug its stack', ['--debug'], /^scriptorium: STACK_UNREACHABLE: .*\n.*Error: .*\n +at /],
  ['without it one line', [], /^scriptorium: STACK_UNREACHABLE: .*\n$/],
])(
  '`mcp` says why the stack can’t be reached, %s',
  async (_, flags, wanted) => {
    await using home = await tempFolder();
    const env = { SCRIPTORIUM_HOME: home.path, TEMPORAL_ADDRESS: ':no address:' };
    expect(await said(env, ...flags, 'mcp')).toMatch(wanted);
  },
  90_000,
);

test('an empty value of an option is refused, and widens nothing', async () => {
  await using home = await tempFolder();
  const env = { SCRIPTORIUM_HOME: home.path, TEMPORAL_ADDRESS: ':no address:' };
  const wanted = 'scriptorium: INVALID_ARGUMENT: --library is empty';
  expect(await said(env, 'verify', '--library', '', '--repair')).toContain(wanted);
  expect(await said(env, 'books', '--library', ' ')).toContain(wanted);
});

test('a path that is empty is not the working folder', () => {
  expect(absolutePaths(['a b'])).toEqual([join(process.cwd(), 'a b')]);
  expect(() => absolutePaths(['/books', ' '])).toThrow('One of the paths is empty');
});

test('the help of every command of the stack has an example', () => {
  const program = new Command();
  addStackCommands(program);
  const helps = program.commands.map((command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    return [command.name(), /\nExamples?:\n {2}/.test(help)];
  });
  expect(helps).toEqual(['up', 'down', 'status', 'worker', 'serve'].map((name) => [name, true]));
});
