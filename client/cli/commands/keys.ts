/** `keys`: who may come in over HTTP and MCP. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ScriptoriumError } from '../../../activities/errors.ts';
import { homeOf } from '../../home.ts';
import { type Scope, scopes } from '../../http/contract.ts';
import { type ApiKey, KeyStore } from '../../http/keys.ts';
import { auditedHere } from '../audit-file.ts';
import { printable, printResult, say } from '../output.ts';
import { withToldChoices } from '../told-choices.ts';

interface AddFlags {
  readonly scope?: readonly Scope[];
  readonly library?: readonly string[];
}

export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .description('Make, list and revoke the API keys of the HTTP and MCP server')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium keys add reader\n  scriptorium keys list\n  scriptorium keys revoke reader',
    );
  keys
    .command('add')
    .description('Make a key; it is shown this once')
    .argument('<name>', 'what you will know it by')
    .addOption(
      withToldChoices(
        new Option('--scope <name>', 'what it allows; may be repeated (default: ask)'),
        scopes,
        scopeList,
      ),
    )
    .option('--library <name>', 'only this library; may be repeated (default: all)', list)
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium keys add reader\n  scriptorium keys add uploader --scope ask --scope ingest --library theses --json' +
        '\n\nadmin allows everything. A change takes effect in servers that run within a second.',
    )
    .action(add);
  keys
    .command('list')
    .description('Show the keys with what they allow; not the keys themselves, which nobody knows')
    .addHelpText('after', '\nExample:\n  scriptorium keys list --json')
    .action(listKeys);
  keys
    .command('revoke')
    .description('Let a key in no more')
    .argument('<key>', 'id or name, as `keys list` shows them')
    .addHelpText('after', '\nExample:\n  scriptorium keys revoke reader')
    .action(revoke);
}

async function add(name: string, { scope = ['ask'], library }: AddFlags, command: Command): Promise<void> {
  const wanted = { name, scopes: scope, libraries: library ?? null };
  const added = await auditedHere('add key', wanted, () => store().add(wanted));
  printResult(command, added, () => [added.key]);
  say(`${keyLine(added)}\nThis is the only time that the key is shown.`);
}

async function listKeys(_flags: object, command: Command): Promise<void> {
  const keys = await store().list();
  printResult(command, { keys }, () => (keys.length > 0 ? keys.map(keyLine) : ['There are no keys.']));
}

async function revoke(key: string, _flags: object, command: Command): Promise<void> {
  const revoked = await auditedHere('revoke key', { name: key }, async () => {
    const gone = await store().revoke(key);
    if (gone) return gone;
    throw new ScriptoriumError('INVALID_ARGUMENT', `There is no key ${key}`);
  });
  printResult(command, revoked, () => [`Revoked ${keyLine(revoked)}`]);
  if ((await store().list()).length === 0)
    say(`No key is left: a server lets nobody in until one is added, or ${homeOf().keysFile} is removed.`);
}

function store(): KeyStore {
  return new KeyStore(homeOf().keysFile);
}

function keyLine({ id, name, scopes: allowed, libraries, createdAtMs }: ApiKey): string {
  const where = libraries === null ? 'all libraries' : `only ${libraries.join(', ')}`;
  return `${id}  ${printable(name)}: ${allowed.join(', ')} in ${where}, made ${new Date(createdAtMs).toISOString().slice(0, 10)}`;
}

function scopeList(text: string, before: readonly Scope[] = []): readonly Scope[] {
  const scope = scopes.find((each) => each === text);
  if (!scope) throw new InvalidArgumentError(`It must be one of ${scopes.join(', ')}.`);
  return [...before, scope];
}

function list(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
