import { Connection } from '@temporalio/client';
import { temporalTarget } from '../../client/connection.ts';

/** True when the cluster that the environment names answers for the namespace, with the credentials that are there. */
export async function clusterAnswers(env: NodeJS.ProcessEnv, namespace: string): Promise<boolean> {
  try {
    const { connection: options } = await temporalTarget({ env, namespace });
    const connection = await Connection.connect({ ...options, connectTimeout: '3s' });
    try {
      await connection.withDeadline(Date.now() + 3_000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
