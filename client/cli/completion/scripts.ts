/** What a shell has to read to complete the commands of a program. Pure. */
import { type CommandNode, nodesOf, type OptionNode } from './command-tree.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, program: CommandNode): string {
  return { bash, zsh, fish }[shell](program);
}

function bash(program: CommandNode): string {
  const { name } = program;
  return [
    `# Completion of ${name} in bash.`,
    `_${name}() {`,
    `  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" word values="" commands="" options=""`,
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    '    case "$path $word" in',
    `      ${pathPattern(program)}) path="$path $word" ;;`,
    '    esac',
    '  done',
    '  case "$path $prev" in',
    ...valueCases(program),
    '  esac',
    '  if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$cur")); return; fi',
    '  case "$path" in',
    ...nodesOf(program).map(bashNode),
    '  esac',
    // Without a reply, bash completes files.
    '  case "$cur" in',
    '    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;',
    '    *) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;',
    '  esac',
    '}',
    `complete -o default -F _${name} ${name}`,
    '',
  ].join('\n');
}

function zsh(program: CommandNode): string {
  const { name } = program;
  return [
    `#compdef ${name}`,
    `_${name}() {`,
    '  local path_="" word',
    '  local -a commands_ options_ values_',
    `  for word in \${words[2,CURRENT-1]}; do`,
    '    case "$path_ $word" in',
    `      ${zshPattern(program)}) path_="$path_ $word" ;;`,
    '    esac',
    '  done',
    `  case "$path_ \${words[CURRENT-1]}" in`,
    ...nodesOf(program).flatMap((node) => node.options.flatMap((option) => zshChoice(node, option))),
    '  esac',
    '  if (( $#values_ )); then compadd -a values_; return; fi',
    '  case "$path_" in',
    ...nodesOf(program).map(zshNode),
    '  esac',
    '  if [[ $PREFIX == -* ]]; then _describe option options_',
    '  elif (( $#commands_ )); then _describe command commands_',
    '  else _files; fi',
    '}',
    // In a folder of functions the file itself is the function's first body; read by `source` or `eval` it only declares.
    `if [[ "$funcstack[1]" == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi`,
    '',
  ].join('\n');
}

function fish(program: CommandNode): string {
  const lines = nodesOf(program).flatMap((node) => [
    ...node.children.map((child) => fishLine(program, node, `-f -a ${child.name}`, child.description)),
    ...node.values.map((value) => fishLine(program, node, `-f -a ${value}`, '')),
    ...node.options.map((option) => fishLine(program, node, fishOption(option), option.description)),
  ]);
  return [`# Completion of ${program.name} in fish.`, ...lines, ''].join('\n');
}

function bashNode(node: CommandNode): string {
  const options = node.options.map(({ flag }) => flag).join(' ');
  return `    ${shellQuoted(lead(node))}) commands=${shellQuoted(namesIn(node).join(' '))} options=${shellQuoted(options)} ;;`;
}

/** What may stand after the command: one below it, or a value of its argument. */
function namesIn({ children, values }: CommandNode): readonly string[] {
  return [...children.map(({ name }) => name), ...values];
}

/** As the scripts gather it: a space before each name. */
function lead({ path }: CommandNode): string {
  return path === '' ? '' : ` ${path}`;
}

function commandsBelow(program: CommandNode): readonly CommandNode[] {
  return nodesOf(program).filter(({ path }) => path !== '');
}

function pathPattern(program: CommandNode): string {
  return commandsBelow(program)
    .map((node) => shellQuoted(lead(node)))
    .join('|');
}

function zshPattern(program: CommandNode): string {
  return `(${pathPattern(program)})`;
}

/** After an option that takes any value, there is nothing to propose but files. */
function valueCases(program: CommandNode): string[] {
  return nodesOf(program).flatMap((node) =>
    node.options.flatMap(({ flag, takesValue, choices }) => {
      if (!takesValue) return [];
      const then = choices.length > 0 ? `values=${shellQuoted(choices.join(' '))}` : 'return';
      return [`    ${shellQuoted(`${lead(node)} ${flag}`)}) ${then} ;;`];
    }),
  );
}

function zshChoice(node: CommandNode, { flag, choices }: OptionNode): string[] {
  if (choices.length === 0) return [];
  return [`    ${shellQuoted(`${lead(node)} ${flag}`)}) values_=(${choices.map(shellQuoted).join(' ')}) ;;`];
}

function zshNode(node: CommandNode): string {
  const described = (name: string, description: string): string =>
    shellQuoted(`${name.replaceAll(':', '\\:')}:${description}`);
  const commands = [
    ...node.children.map(({ name, description }) => described(name, description)),
    ...node.values.map(shellQuoted),
  ];
  const options = node.options.map(({ flag, description }) => described(flag, description));
  return `    ${shellQuoted(lead(node))}) commands_=(${commands.join(' ')}) options_=(${options.join(' ')}) ;;`;
}

function fishLine(program: CommandNode, node: CommandNode, what: string, description: string): string {
  return `complete -c ${program.name} -n ${shellQuoted(fishCondition(node))} ${what} -d ${shellQuoted(description)}`;
}

/** Every name of its path was typed, and none of those below it. */
function fishCondition({ path, children }: CommandNode): string {
  const below = children.map(({ name }) => name);
  const seen = path
    .split(' ')
    .filter(Boolean)
    .map((name) => `__fish_seen_subcommand_from ${name}`);
  const unseen = below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(' ')}`] : [];
  return [...seen, ...unseen].join('; and ');
}

function fishOption({ flag, takesValue, choices }: OptionNode): string {
  const values = choices.length > 0 ? ` -f -a ${shellQuoted(choices.join(' '))}` : '';
  return `-l ${flag.slice(2)}${takesValue ? ' -r' : ''}${values}`;
}

/** In single quotes, as all three shells read them. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
