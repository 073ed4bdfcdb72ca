import { describe, expect, test } from '@jest/globals';
import { ServiceError } from '@temporalio/client';
import { ScriptoriumError } from '../../activities/errors.ts';
import { waitOut } from '../../client/patience.ts';

/** As gRPC gives them, wrapped by Temporal's client. */
function grpc(code: number): Error {
  const details = 'said the server';
  const cause = Object.assign(new Error(details), { code, details, metadata: {} });
  return new ServiceError('Failed', { cause });
}
const UNAVAILABLE = 14;
const PERMISSION_DENIED = 7;

/** Throws what is given, one by one, and then answers. */
function failing(...errors: readonly Error[]): () => Promise<string> {
  const left = [...errors];
  return async () => {
    const error = left.shift();
    if (error) throw error;
    return 'answer';
  };
}

describe('an answer of Temporal', () => {
  test('is waited for over outages, each of which is told of with its end', async () => {
    const told: boolean[] = [];
    const ask = failing(grpc(UNAVAILABLE), new ScriptoriumError('STACK_UNREACHABLE', 'gone'));
    const probe = failing(grpc(UNAVAILABLE), grpc(UNAVAILABLE));
    expect(await waitOut(ask, probe, (out) => told.push(out), 1)).toBe('answer');
    expect(told).toEqual([true, false, true, false]);
  });

  test('is told of at once when it is a failure, whether it is asked for or probed', async () => {
    const refused = grpc(PERMISSION_DENIED);
    await expect(waitOut(failing(refused), failing(), undefined, 1)).rejects.toBe(refused);
    await expect(waitOut(failing(grpc(UNAVAILABLE)), failing(refused), undefined, 1)).rejects.toBe(refused);
  });
});
