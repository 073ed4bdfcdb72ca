import { Connection } from '@temporalio/client';
import { temporalTarget } from '../../client/connection.ts';

/** Why the cluster that the environment names, asked with the credentials that are there, does not answer for the namespace; null when it does. */
export async function clusterProblem(env: NodeJS.ProcessEnv, namespace: string): Promise<string | null> {
  try {
    const { connection: options } = await temporalTarget({ env, namespace });
    const connection = await Connection.connect({ ...options, connectTimeout: '3s' });
    try {
      await connection.withDeadline(Date.now() + 3_000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return null;
    } finally {
      await connection.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
