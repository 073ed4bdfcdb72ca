/** The workflow of a question: one for all who ask the same, its text as it comes, and an answer inside the deadline. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { AnswerModel } from '../../activities/ports/answer-model.ts';
import { ask, questionId } from '../../client/ask.ts';
import '../helpers/any-realm.ts';
import { AnswerFixture, question, said, TEXT, untilAborted } from './answer-fixture.ts';

let fixture: AnswerFixture;
beforeAll(async () => {
  fixture = await AnswerFixture.start();
}, 120_000);
afterAll(async () => await fixture?.[Symbol.asyncDispose]());

const client = () => fixture.env.client;

/** Milliseconds from the start of its workflow to its end, by the server's clock. */
async function tookMs(workflowId: string): Promise<number> {
  const { startTime, closeTime } = await client().workflow.getHandle(workflowId).describe();
  if (!closeTime) throw new Error(`${workflowId} goes on`);
  return closeTime.getTime() - startTime.getTime();
}

describe('identical questions at once', () => {
  test('are one workflow and one call of the model, however they are spaced', async () => {
    let calls = 0;
    let listening = 0;
    const { promise: allListen, resolve: go } = Promise.withResolvers<void>();
    const model: Partial<AnswerModel> = {
      answer: async (_question, _passages, options) => {
        calls += 1;
        options?.onText?.('The');
        await allListen;
        return said('The keeper [1].');
      },
    };
    const heard = (): void => {
      listening += 1;
      if (listening === 20) go();
    };
    await fixture.serving({ model }, async () => {
      const asked = Array.from({ length: 20 }, (_, n) => question(`Who lit${' '.repeat(n + 1)}it?`));
      const answers = await Promise.all(asked.map((each) => ask(client(), each, { onText: heard })));
      const [workflowId] = new Set(answers.map((answer) => answer.workflowId));
      expect(workflowId).toBe(questionId(question('Who lit it?')));
      expect(answers).toEqual(
        answers.map(() => expect.objectContaining({ workflowId, answer: 'The keeper [1].' })),
      );
    });
    expect(calls).toBe(1);
  });
});

test('the text is told as it is written, and the result holds the whole', async () => {
  const shown: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const model = {
    answer: async (...[, , options]: Parameters<AnswerModel['answer']>) => {
      options?.onText?.('The');
      await gates[0]?.promise;
      options?.onText?.('The keeper');
      await gates[1]?.promise;
      return said('The keeper [1].');
    },
  };
  await fixture.serving({ model }, async () => {
    const answer = await ask(client(), question('Who then?'), {
      onText: (text) => {
        shown.push(text);
        gates[shown.length - 1]?.resolve();
      },
    });
    expect(answer).toMatchObject({ answer: 'The keeper [1].', mode: 'model' });
  });
  expect(shown).toEqual(['The', 'The keeper']);
});

describe('a model', () => {
  test.each(['ANSWER_MODEL_REJECTED', 'ANSWER_MODEL_UNREACHABLE'] as const)(
    'that fails with %s is replaced by quotes, which say so',
    async (code) => {
      const model = {
        answer: async () => {
          throw new ScriptoriumError(code, 'The answer model is out of order');
        },
      };
      await fixture.serving({ model }, async () => {
        const answer = await ask(client(), question(`Who lit the lamp? ${code}`));
        expect(answer).toMatchObject({ mode: 'extractive', fallback: { code } });
        expect(answer.fallback?.message).toMatch(/out of order/);
        expect(answer.citations[0]?.quote).toBe(TEXT);
      });
    },
    30_000,
  );

  test('that hangs is replaced by quotes inside the deadline', async () => {
    const model = {
      answer: (...[, , options]: Parameters<AnswerModel['answer']>) => untilAborted(options?.signal),
    };
    await fixture.serving({ model }, async () => {
      const answer = await ask(client(), question('Who hangs?', { deadlineMs: 9_000 }));
      expect(answer).toMatchObject({ mode: 'extractive', fallback: { code: 'ANSWER_MODEL_UNREACHABLE' } });
      expect(await tookMs(answer.workflowId)).toBeLessThan(9_000);
    });
  });

  test('is not asked when the asker wants quotes', async () => {
    let calls = 0;
    const model = {
      answer: async () => {
        calls += 1;
        return said('x');
      },
    };
    await fixture.serving({ model }, async () => {
      const answer = await ask(client(), question('Who quotes?', { extractive: true }));
      expect(answer).toMatchObject({ mode: 'extractive' });
      expect(answer.fallback).toBeUndefined();
    });
    expect(calls).toBe(0);
  });
});

test('a search that hangs ends the question with its code inside the deadline', async () => {
  const { promise: forLong, reject: giveUp } = Promise.withResolvers<never>();
  await fixture.serving({ retrieve: () => forLong }, async () => {
    const asked = question('Where is the store?', { deadlineMs: 9_000 });
    await expect(ask(client(), asked)).rejects.toMatchObject({ code: 'QUESTION_TIMEOUT' });
    expect(await tookMs(questionId(asked))).toBeLessThan(9_000);
    giveUp(new Error('given up'));
  });
});
