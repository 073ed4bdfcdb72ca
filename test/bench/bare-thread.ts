/** The floor: a loop over `session.run` on tokens that lie ready; no tokenizing, pooling or messages inside the clock. */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime';
import { Tokenizer } from 'tokenizers';
import { z } from 'zod';

const { modelPath, tokenizerPath, texts } = z
  .object({ modelPath: z.string(), tokenizerPath: z.string(), texts: z.array(z.string()) })
  .parse(workerData);
const settings = z.looseObject({}).parse(JSON.parse(await readFile(tokenizerPath, 'utf8')));
const tokenizer = Tokenizer.fromString(JSON.stringify({ ...settings, truncation: null, padding: null }));
tokenizer.setTruncation(256);
const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const feeds = (await tokenizer.encodeBatch(texts)).map((encoding) => {
  const ids = BigInt64Array.from(encoding.getIds(), BigInt);
  const shape = [1, ids.length];
  return {
    input_ids: new Tensor('int64', ids, shape),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
    token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), shape),
  };
});
const [warmUp] = feeds;
if (warmUp) await session.run(warmUp);
parentPort?.on('message', async () => {
  for (const feed of feeds) await session.run(feed);
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
