/** `completion`: what a shell has to read to complete this command. */
import { Argument, type Command } from 'commander';
import { treeOf } from '../completion/command-tree.ts';
import { completionScript, type Shell, shells } from '../completion/scripts.ts';
import { printResult } from '../output.ts';

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('Print what a shell reads to complete commands and options with the tab key')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium completion bash > ~/.local/share/bash-completion/completions/scriptorium\n  scriptorium completion zsh > ~/.zfunc/_scriptorium          # a folder of fpath\n  scriptorium completion fish > ~/.config/fish/completions/scriptorium.fish',
    )
    .action((shell: Shell, _flags: object, command: Command) => {
      const script = completionScript(shell, treeOf(program));
      printResult(command, { shell, script }, () => [script.trimEnd()]);
    });
}
