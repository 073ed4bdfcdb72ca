/** The command `scriptorium`. */
import { Command, CommanderError } from 'commander';
import { ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import { keepHeapsLean } from '../../activities/lean-heap.ts';
import { packageVersion } from '../version.ts';
import { addBookCommands } from './commands/books.ts';
import { addCacheCommand } from './commands/cache.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addIngestCommand } from './commands/ingest.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addMcpCommand } from './commands/mcp.ts';
import { addModelCommand } from './commands/model.ts';
import { addQuestionCommands } from './commands/questions.ts';
import { addRunCommands } from './commands/run.ts';
import { addScheduleCommand } from './commands/schedule.ts';
import { addStackCommands } from './commands/stack.ts';
import { addUpkeepCommands } from './commands/upkeep.ts';
import { exitCodes, printError, wantsStacks } from './output.ts';
import { runTraced } from './traced.ts';

keepHeapsLean();
// Who reads only the first lines (`| head`) wants no more.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodes.brokenPipe);
  });

const program = new Command('scriptorium')
  .description('Turn folders of books into a question-answering service that cites title, chapter and page')
  .version(packageVersion())
  .option('--json', 'print the result as one JSON document')
  .option('--debug', 'print stacks with errors')
  .showHelpAfterError('(scriptorium --help shows the commands)')
  .exitOverride()
  .addHelpText(
    'after',
    '\nExamples:\n  scriptorium ingest ~/Books\n  scriptorium ask "How is the clock wound?"\n  scriptorium status' +
      '\n\nState lives in SCRIPTORIUM_HOME. Progress goes to standard error, results to standard output.',
  );
addStackCommands(program);
addIngestCommand(program);
addRunCommands(program);
addScheduleCommand(program);
addQuestionCommands(program);
addBookCommands(program);
addCacheCommand(program);
addUpkeepCommands(program);
addMcpCommand(program);
addModelCommand(program);
addKeysCommand(program);
addDoctorCommand(program);
addCompletionCommand(program);
configure(program.commands);
program.hook('preAction', (_, action) => refuseEmptyValues(action));

try {
  await runTraced(program);
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) printError(error, wantsStacks(program));
}

/** Commands of commands, too. */
function configure(commands: readonly Command[]): void {
  for (const command of commands) {
    command.exitOverride().option('--json', 'print the result as one JSON document');
    configure(command.commands);
  }
}

/** A variable of a script that is not set must not widen a command from one library to all. */
function refuseEmptyValues(command: Command): void {
  const values = Object.entries(command.optsWithGlobals<Record<string, unknown>>());
  const [empty] = values.find(([, value]) => typeof value === 'string' && value.trim() === '') ?? [];
  if (empty === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === empty)?.long ?? empty;
  throw new ScriptoriumError('INVALID_ARGUMENT', `${flag} is empty: give it a value, or leave it out`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  return toScriptoriumError(error).code === 'INVALID_ARGUMENT' ? exitCodes.usage : exitCodes.failed;
}
