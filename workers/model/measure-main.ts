/** Entry of a process that measures files of the model: what that takes of memory is given back. Prints one JSON list. */
import { z } from 'zod';
import { measureVariants } from './measure.ts';
import { measuring } from './measure-apart.ts';
import { variantOf } from './variants.ts';

try {
  const { files, tokenizerPath, ...options } = measuring.parse(JSON.parse(z.string().parse(process.argv[2])));
  const atHand = files.map(({ name, path }) => ({ variant: variantOf(name), path }));
  process.stdout.write(JSON.stringify(await measureVariants(atHand, tokenizerPath, options)));
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
