/** Entry of the measured worker process: the product's own, with another embedder. `--embedder fake|onnx --wait-ms N [--books-at-once N] --bundles FOLDER [--queues main,…] [--telemetry]`. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { toScriptoriumError } from '../../activities/errors.ts';
import { loadConfig } from '../../workers/config.ts';
import { createLogger, installRuntime } from '../../workers/log.ts';
import { sendToSupervisor } from '../../workers/supervisor/worker-messages.ts';
import { openTelemetry } from '../../workers/telemetry/telemetry.ts';
import { startWorkerProcess } from '../../workers/worker-process.ts';
import { FakeEmbedder } from './fake-embedder.ts';

const options = z.object({
  embedder: z.enum(['fake', 'onnx']),
  'wait-ms': z.coerce.number().int().min(0),
  'books-at-once': z.coerce.number().int().min(1).optional(),
  bundles: z.string(),
  queues: z
    .string()
    .default('main,documents,embed,query')
    .transform((names) => names.split(','))
    .pipe(z.array(z.enum(['main', 'documents', 'embed', 'query']))),
});
const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    ...{ embedder: text, 'wait-ms': text, 'books-at-once': text, bundles: text, queues: text },
    telemetry: { type: 'boolean' },
  },
});
const given = options.parse(values);
const { embedder, 'wait-ms': waitMs, 'books-at-once': booksAtOnce, bundles, queues } = given;

try {
  const config = loadConfig();
  const logger = createLogger(config.logLevel, 'worker');
  const telemetry = values.telemetry ? await openTelemetry(config, logger) : undefined;
  installRuntime(logger, telemetry?.runtime);
  const openEmbedder = async () => new FakeEmbedder({ waitMs, booksAtOnce });
  const worker = await startWorkerProcess(config, queues, logger, {
    ...(embedder === 'fake' && { openEmbedder }),
    bundles,
    ...(telemetry && { telemetry }),
  });
  process.on('SIGTERM', () => worker.stop());
  process.on('disconnect', () => worker.stop());
  sendToSupervisor({ kind: 'ready' });
  await worker.finished;
  await telemetry?.[Symbol.asyncDispose]();
} catch (error) {
  const { code, message } = toScriptoriumError(error);
  sendToSupervisor({ kind: 'failed', code, message });
  process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
