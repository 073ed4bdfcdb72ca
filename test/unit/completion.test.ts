import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Argument, Command, Option } from 'commander';
import { nodesOf, treeOf } from '../../client/cli/completion/command-tree.ts';
import { completionScript, shells } from '../../client/cli/completion/scripts.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const program = new Command('scriptorium').description('A program').option('--json', "the result's JSON");
program
  .command('search')
  .description('Find: passages')
  .argument('<query>')
  .option('--library <name>', 'only in this one')
  .addOption(new Option('--mode <mode>', 'how').choices(['dense', 'lexical']));
const keys = program.command('keys').description('Keys');
keys.command('add').description("It's a key").option('--scope <name>', 'what it allows');
keys.command('list').description('List them');
program.command('shell').addArgument(new Argument('<name>').choices(['bash', 'zsh']));

const tree = treeOf(program);

test('the tree has every command with its options', () => {
  expect(nodesOf(tree).map(({ path }) => path)).toEqual([
    '',
    'search',
    'keys',
    'keys add',
    'keys list',
    'shell',
  ]);
  const [search] = tree.children;
  expect(search?.options.map(({ flag, takesValue }) => [flag, takesValue])).toEqual([
    ['--library', true],
    ['--mode', true],
    ['--help', false],
  ]);
  expect(search?.options[1]?.choices).toEqual(['dense', 'lexical']);
});

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;
const present = shells.filter(has);

describe('a script', () => {
  test.each(present)('is one that %s can read', (shell) => {
    const { status, stderr } = spawnSync(shell, ['-n'], { input: completionScript(shell, tree) });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  });

  test.each(shells)('for %s names every command and option', (shell) => {
    const script = completionScript(shell, tree);
    for (const word of ['search', 'keys', 'add', 'list', 'library', 'mode', 'scope', 'dense', 'json'])
      expect(script).toContain(word);
  });
});

const withBash = has('bash') ? describe : describe.skip;

withBash('in bash', () => {
  /** The last word is the one that is completed. */
  function completed(...words: string[]): string[] {
    const quoted = ['scriptorium', ...words].map((word) => `'${word}'`).join(' ');
    const script = `${completionScript('bash', tree)}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _scriptorium; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script]).stdout.toString().split('\n').filter(Boolean);
  }

  test.each([
    [[''], ['search', 'keys', 'shell']],
    [['-'], ['--json', '--help']],
    [['se'], ['search']],
    [
      ['keys', ''],
      ['add', 'list'],
    ],
    [
      ['shell', ''],
      ['bash', 'zsh'],
    ],
    // Without a reply, bash completes files.
    [['search', 'a'], []],
    [['search', '--library', ''], []],
    [['keys', 'add', '--s'], ['--scope']],
    [['--json', 'search', '--l'], ['--library']],
    [
      ['search', '--mode', ''],
      ['dense', 'lexical'],
    ],
    [['search', '--mode', 'd'], ['dense']],
    [['search', 'keys', '--m'], ['--mode']],
    [['nothing', 'x'], []],
  ])('%j is completed by %j', (words, found) => {
    expect(completed(...words)).toEqual(found);
  });
});

const withZsh = has('zsh') ? describe : describe.skip;

withZsh('in zsh', () => {
  /** The last word is the one that is completed. What offers completions prints them instead. */
  function completed(load: string, ...words: string[]): string[] {
    const script = [
      `_describe() { local offered=("\${(@P)2}"); print -l -- "\${(@)offered%%:*}" }`,
      `compadd() { [[ $1 == -a ]] && print -l -- "\${(@P)2}" }`,
      'compdef() { print -- "declared $*" }',
      load,
      `words=(scriptorium ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}`,
      `PREFIX='${words.at(-1)}'; _scriptorium`,
    ].join('\n');
    return spawnSync('zsh', ['-f', '-c', script]).stdout.toString().split('\n').filter(Boolean);
  }

  test('completes at the first tab from a folder of functions', async () => {
    await using folder = await tempFolder();
    await writeFile(join(folder.path, '_scriptorium'), completionScript('zsh', tree));
    const load = `fpath=('${folder.path}' $fpath); autoload -Uz _scriptorium`;
    expect(completed(load, '')).toEqual(['search', 'keys']);
    expect(completed(load, 'search', '--mode', '')).toEqual(['dense', 'lexical']);
  });

  test('declares itself where it is read, and completes then', () => {
    expect(completed(completionScript('zsh', tree), 'keys', '')).toEqual([
      'declared _scriptorium scriptorium',
      'add',
      'list',
    ]);
  });
});
