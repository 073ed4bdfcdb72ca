/** A question whose text is followed as it is written. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ask } from '../../client/ask.ts';
import { askInput } from '../../workflows/contract.ts';
import { noClient } from '../helpers/no-client.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

/** The question is asked; its end and the first look at its text come when the test says so. */
function asked() {
  const result = Promise.withResolvers<never>();
  const look = Promise.withResolvers<never>();
  const looking = Promise.withResolvers<void>();
  jest.spyOn(noClient.workflow, 'start').mockImplementation(async () => ({
    ...noClient.workflow.getHandle('answerQuestion/1'),
    ...{ firstExecutionRunId: 'r', eagerlyStarted: false, result: () => result.promise },
  }));
  jest.spyOn(noClient.workflowService, 'describeWorkflowExecution').mockImplementation(() => {
    looking.resolve();
    return look.promise;
  });
  const answer = ask(noClient, askInput.parse({ question: 'Who?' }), { onText: () => {} });
  return { result, look, looking: looking.promise, answer };
}

describe('a question that is followed', () => {
  test('may fail while a look at its text goes on: who asked hears it, and the process goes on', async () => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', hear);
    try {
      const { result, look, looking, answer } = asked();
      await looking;
      result.reject(new Error('the model is away'));
      // Rejections that nobody handles are told of after the microtasks of a turn.
      await new Promise((resolve) => setImmediate(resolve));
      look.reject(new Error('not now'));
      await expect(answer).rejects.toThrow(/the model is away/);
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(unhandled).toEqual([]);
  });
});
