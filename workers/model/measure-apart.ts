/** Measures files of the model in a process of its own: a supervisor that did it itself would keep 80 MB for as long as it lives. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ScriptoriumError } from '../../activities/errors.ts';
import { siblingModule } from '../../activities/sibling-module.ts';
import type { Measured, measureVariants } from './measure.ts';
import { VARIANT_NAMES } from './variants.ts';

const variantName = z.enum(VARIANT_NAMES);

/** What the process is told. */
export const measuring = z.object({
  files: z.array(z.object({ name: variantName, path: z.string() })),
  tokenizerPath: z.string(),
  threads: z.int(),
  layoutFolder: z.string(),
});
type Measuring = z.infer<typeof measuring>;

const measured = z.array(
  z.object({
    variant: variantName,
    chunksPerSecond: z.number(),
    cosine: z.number(),
    reference: variantName,
  }),
);

const failure = z.object({ stderr: z.string() });

const run = promisify(execFile);

/** As `measureVariants`. @throws ScriptoriumError ASSET_UNAVAILABLE, with what the process said */
export const measureVariantsApart: typeof measureVariants = async (
  atHand,
  tokenizerPath,
  options,
): Promise<readonly Measured[]> => {
  const files = atHand.map(({ variant, path }) => ({ name: variant.name, path }));
  const told: Measuring = { files, tokenizerPath, ...options };
  const entry = siblingModule(import.meta.url, 'measure-main');
  const { stdout } = await run(process.execPath, ['--no-warnings', entry, JSON.stringify(told)]).catch(
    (error: unknown) => {
      const said = failure.safeParse(error).data?.stderr.trim() || String(error);
      throw new ScriptoriumError(
        'ASSET_UNAVAILABLE',
        `The files of the model could not be measured: ${said}`,
      );
    },
  );
  return measured.parse(JSON.parse(stdout));
};
