/** A sandbox process: reads and cuts documents that may be broken or hostile, one request after the other. */
import { flushCompileCache } from 'node:module';
import { Worker } from 'node:worker_threads';
import { toScriptoriumError } from '../../../errors.ts';
import { keepHeapsLean } from '../../../lean-heap.ts';
import { siblingModule } from '../../../sibling-module.ts';
import { Desk } from './desk.ts';
import { requestSchema, type SandboxReply, type WatchdogOptions } from './protocol.ts';

keepHeapsLean();
const [, , maxMemoryBytes = '', parentPid = ''] = process.argv;
const options: WatchdogOptions = { maxMemoryBytes: Number(maxMemoryBytes), parentPid: Number(parentPid) };
const watchdog = new Worker(siblingModule(import.meta.url, 'watchdog'), { workerData: options });
watchdog.unref();

const desk = new Desk();
let work = Promise.resolve();
let kept = false;
process.on('message', (message) => {
  work = work.then(() => answer(message));
});
process.on('disconnect', () => process.exit(0));

async function answer(message: unknown): Promise<void> {
  const reply = await desk
    .handle(requestSchema.parse(message))
    .then((value): SandboxReply => ({ ok: true, rssBytes: process.memoryUsage.rss(), value }))
    .catch(failure);
  process.send?.(reply);
  keepCompiled();
}

/** Once: by the first answer nearly all is compiled, and nobody lets this process end in an orderly way. */
function keepCompiled(): void {
  if (!kept) flushCompileCache();
  kept = true;
}

function failure(error: unknown): SandboxReply {
  const { code, message } = toScriptoriumError(error);
  return { ok: false, rssBytes: process.memoryUsage.rss(), error: { code, message } };
}
