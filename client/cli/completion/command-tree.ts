/** The commands of a program, as what completes them sees them. */
import type { Command } from 'commander';

export interface CommandNode {
  /** Names from below the program to the command: `keys add`; empty for the program itself. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly children: readonly CommandNode[];
  /** Values that its argument may have; empty: any. */
  readonly values: readonly string[];
}

export interface OptionNode {
  /** With its dashes. */
  readonly flag: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** Values that it may have; empty: any. */
  readonly choices: readonly string[];
}

export function treeOf(command: Command, above: string | null = null): CommandNode {
  const path = above === null ? '' : `${above} ${command.name()}`.trim();
  return {
    ...{ path, name: command.name(), description: firstLine(command.description()) },
    options: [...command.options.flatMap(optionNode), help],
    children: command.commands.map((child) => treeOf(child, path)),
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}

/** Commander's own, on every command. */
const help: OptionNode = {
  ...{ flag: '--help', description: 'display help for command', takesValue: false, choices: [] },
};

function optionNode({
  long,
  description,
  required,
  optional,
  argChoices,
}: Command['options'][number]): OptionNode[] {
  if (!long) return [];
  return [
    {
      ...{ flag: long, description: firstLine(description), takesValue: required || optional },
      choices: argChoices ?? [],
    },
  ];
}

/** The program and all that is below it. */
export function nodesOf(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
