// The contender `@huggingface/transformers`: see contender.ts. Argument: folder in which it is installed.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.argv[2], 'package.json'));
const { env, pipeline } = await import(pathToFileURL(require.resolve('@huggingface/transformers')).href);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { texts, model, batch, threads } = JSON.parse((await lines.next()).value);
env.allowRemoteModels = false;
env.localModelPath = dirname(model);
const embed = await pipeline('feature-extraction', model.slice(dirname(model).length + 1), {
  dtype: 'fp32',
  ...(threads && { session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 } }),
});
// Where batches are chosen, the texts are sorted, so that little is padded; a plain call takes them as they are.
const sorted = batch ? [...texts].sort((a, b) => b.length - a.length) : texts;
const size = batch ?? texts.length;
const run = async (all) => {
  for (let at = 0; at < all.length; at += size)
    (await embed(all.slice(at, at + size), { pooling: 'mean', normalize: true })).dispose();
};
await run(sorted.slice(0, 4));
console.log('ready');
for await (const _line of lines) {
  await run(sorted);
  console.log('done');
}
