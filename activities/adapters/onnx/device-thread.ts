/** A thread that holds a session on a device: one batch at a time, which blocks it. */
import { parentPort, workerData } from 'node:worker_threads';
import { CLOSE, type DeviceReply, deviceJob, deviceThreadOptions } from './device-messages.ts';
import { DeviceModel } from './device-model.ts';

if (!parentPort) throw new Error('this module runs as a worker thread');
const port = parentPort;
const model = await DeviceModel.load(deviceThreadOptions.parse(workerData));

port.on('message', (message: unknown) => {
  if (message === CLOSE) port.close();
  else void answer(message);
});
port.postMessage({ kind: 'ready', dimensions: model.dimensions } satisfies DeviceReply);

async function answer(message: unknown): Promise<void> {
  try {
    const vectors = await model.run(deviceJob.parse(message));
    port.postMessage({ kind: 'done', vectors } satisfies DeviceReply, [vectors.buffer]);
  } catch (error) {
    port.postMessage({ kind: 'failed', message: String(error) } satisfies DeviceReply);
  }
}
