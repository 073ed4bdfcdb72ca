/** Entry of the worker process of the bare floor. `--bundle FILE`. */
import { parseArgs } from 'node:util';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { DEFAULT_NAMESPACE } from '../../client/stack-state.ts';
import { sendToSupervisor } from '../../workers/supervisor/worker-messages.ts';
import { FLOOR_QUEUE, floorActivities } from './floor-activities.ts';

Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const address = process.env.TEMPORAL_ADDRESS;
if (!address) throw new Error('TEMPORAL_ADDRESS is not set');
const connection = await NativeConnection.connect({ address });
const { values } = parseArgs({ options: { bundle: { type: 'string' } } });
if (!values.bundle) throw new Error('--bundle is not given');
const worker = await Worker.create({
  ...{ connection, namespace: DEFAULT_NAMESPACE, taskQueue: FLOOR_QUEUE, activities: floorActivities },
  workflowBundle: { codePath: values.bundle },
});
const stop = (): void => void (worker.getState() === 'RUNNING' && worker.shutdown());
process.on('SIGTERM', stop);
process.on('disconnect', stop);
sendToSupervisor({ kind: 'ready' });
await worker.run();
await connection.close();
if (process.connected) process.disconnect();
