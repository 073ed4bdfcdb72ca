/** `model`: the files of the embedding model, how fast each is here, and which one a home uses. */
import type { Command } from 'commander';
import type { ModelReport, VariantReport } from '../model/report.ts';
import { askOfModel } from '../model/worker-side.ts';
import { printResult, say } from '../output.ts';

export function addModelCommand(program: Command): void {
  const model = program
    .command('model')
    .description('List, measure, make and choose the files of the embedding model')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium model list\n  scriptorium model make int8\n  scriptorium model measure\n  scriptorium model choose int8' +
        '\n\nA new home takes the fastest file at hand that keeps the neighbours; one with books keeps its own.',
    );
  model
    .command('list')
    .description('Show the files that there are, what each is, and which are at hand')
    .addHelpText('after', '\nExample:\n  scriptorium model list --json')
    .action((_flags: object, command: Command) => show(command, 'list'));
  model
    .command('measure')
    .description('Measure the files at hand on this CPU, for some seconds on every core')
    .addHelpText('after', '\nExamples:\n  scriptorium model measure\n  scriptorium model measure --json')
    .action((_flags: object, command: Command) => show(command, 'measure'));
  model
    .command('make')
    .description("Make a file from the publisher's 32-bit weights, which are fetched once (90 MB)")
    .argument('<variant>', 'as `model list` shows it')
    .addHelpText(
      'after',
      '\nExample:\n  scriptorium model make int8\n\nThe same bytes come out on every machine.',
    )
    .action((variant: string, _flags: object, command: Command) => make(command, variant));
  model
    .command('choose')
    .description('Use a file in this home, which must not have books yet; it is made or fetched if need be')
    .argument('<variant>', 'as `model list` shows it')
    .addHelpText(
      'after',
      '\nExample:\n  SCRIPTORIUM_HOME=~/new-library scriptorium model choose int8' +
        '\n\nA stack that runs takes it with its next start.',
    )
    .action((variant: string, _flags: object, command: Command) => show(command, 'choose', variant));
}

async function make(command: Command, variant: string): Promise<void> {
  say(`making ${variant}: some ten seconds, and a download the first time`);
  await show(command, 'make', variant);
}

async function show(command: Command, ...args: readonly string[]): Promise<void> {
  const report = await askOfModel(...args);
  printResult(command, report, () => modelLines(report));
}

export function modelLines({ variants, threads, reference }: Omit<ModelReport, 'error'>): string[] {
  const measured = variants.some(({ chunksPerSecond }) => chunksPerSecond !== null);
  return [
    ...variants.map(lineOf),
    ...(variants.some(({ chosen }) => chosen)
      ? []
      : ['None of these is used: SCRIPTORIUM_MODEL or SCRIPTORIUM_MODEL_FOLDER names the model.']),
    ...(measured ? [`chunks of about 190 tokens, ${threads} threads; cosine to ${reference}`] : []),
  ];
}

function lineOf({
  name,
  precision,
  recallAt10,
  file,
  chosen,
  chunksPerSecond,
  cosine,
}: VariantReport): string {
  const speed = chunksPerSecond === null ? '' : ` · ${chunksPerSecond.toFixed(1)} chunks/s`;
  const nearness = cosine === null ? '' : ` · cosine ${cosine.toFixed(5)}`;
  const place = file ?? `not at hand: scriptorium model make ${name}`;
  const mark = chosen ? '*' : ' ';
  return `${mark} ${name.padEnd(13)} recall@10 ${recallAt10?.toFixed(3) ?? 'not measured'}${speed}${nearness} · ${precision} · ${place}`;
}
