/** The workflow of a question: one for all who ask the same, its text as it comes, and an answer inside the deadline. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { NOTHING_FOUND } from '../../activities/adapters/answers/extractive.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { AnswerModel } from '../../activities/ports/answer-model.ts';
import { ask, questionId } from '../../client/ask.ts';
import type { WorkflowEnd } from '../../workflows/observe.ts';
import '../helpers/any-realm.ts';
import { eventually } from '../helpers/eventually.ts';
import {
  AnswerFixture,
  type AskedWorker,
  question,
  Shelf,
  said,
  TEXT,
  untilAborted,
} from './answer-fixture.ts';

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

test.each<[string, AskedWorker]>([
  [
    'local step',
    {
      retrieve: async () => {
        throw ApplicationFailure.nonRetryable('The disk is broken', 'STORE_REJECTED');
      },
    },
  ],
  [
    'step through the server',
    {
      model: {
        answer: async () => {
          throw new ScriptoriumError('STORE_REJECTED', 'The disk is broken');
        },
      },
    },
  ],
])('one that fails by a %s is told of with the code that its asker hears', async (where, asked) => {
  const ended: (string | null)[] = [];
  const sinks = { ends: { told: { fn: (_: unknown, end: WorkflowEnd) => void ended.push(end.code) } } };
  await fixture.serving({ ...asked, sinks }, async () => {
    const asking = ask(client(), question(`Who broke it by a ${where}?`));
    await expect(asking).rejects.toMatchObject({ code: 'STORE_REJECTED' });
    await eventually(() => ended.length > 0);
  });
  expect(ended).toEqual(['STORE_REJECTED']);
});

test('an answer is kept for others, unless a search in a minute would find other passages', async () => {
  const kept: string[] = [];
  const caches = {
    ticket: async (scope: string) => ({ scope, epoch: 1, atMs: 1 }),
    keep: (asked: string) => void kept.push(asked),
  };
  const shelf = await Shelf.of(TEXT);
  const retrieve = async ({ query }: { readonly query: string }) => ({
    ...shelf.found(),
    ...(query.includes('soon') && { isProvisional: true as const }),
  });
  await fixture.serving(
    { shelf, caches, retrieve, model: { answer: async () => said('Yes [1].') } },
    async () => {
      for (const extractive of [true, false])
        for (const when of ['now', 'soon']) {
          const answer = await ask(client(), question(`Who lit the north lamp ${when}?`, { extractive }));
          expect(answer.citations).toHaveLength(1);
        }
    },
  );
  expect(kept).toEqual(['Who lit the north lamp now?', 'Who lit the north lamp now?']);
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
      const tookAllMs = await tookMs(answer.workflowId);
      expect(tookAllMs).toBeLessThan(9_000);
      // Most of it was spent on the model, and the timings say so.
      const { cache, model: ofModel = 0 } = answer.timings;
      expect(cache).toBeGreaterThanOrEqual(0);
      expect(ofModel).toBeGreaterThan(tookAllMs / 2);
      expect(ofModel).toBeLessThan(tookAllMs);
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

test('what was joined to a hit is quoted, with its own chunk and page', async () => {
  const shelf = await Shelf.of('The tower stood empty.', 'A painter came to the chapel in May.');
  const retrieve = async () => shelf.found({ joined: true });
  await fixture.serving({ shelf, retrieve }, async () => {
    const asked = question('Which painter came to the chapel?', { extractive: true });
    const { citations } = await ask(client(), asked);
    expect(citations).toMatchObject([
      { n: 1, quote: 'A painter came to the chapel in May.', page: { start: 2, end: 3 } },
    ]);
    expect(citations[0]?.chunkId).toBe(shelf.found().hits[1]?.chunkId);
  });
});

describe('an answer whose book changes while it is made', () => {
  const NEW = 'The keeper lit the south lamp at dawn.';

  test('is made again from what the book says now, and who joined meanwhile gets that', async () => {
    const shelf = await Shelf.of(TEXT);
    let calls = 0;
    const model: Partial<AnswerModel> = {
      answer: async (_, [passage]) => {
        calls += 1;
        if (calls === 1) await shelf.commit('r2', NEW);
        return said(`Call ${calls} [1].`, passage?.text);
      },
    };
    await fixture.serving({ shelf, model, retrieve: async () => shelf.found() }, async () => {
      const asked = question('Which lamp was lit?');
      const answers = await Promise.all([ask(client(), asked), ask(client(), asked)]);
      for (const answer of answers)
        expect(answer).toMatchObject({ mode: 'model', answer: 'Call 2 [1].', citations: [{ quote: NEW }] });
    });
    expect(calls).toBe(2);
  });

  test('each time is quoted from what is still there, or declined, and says so', async () => {
    const shelf = await Shelf.of(TEXT);
    let calls = 0;
    const model: Partial<AnswerModel> = {
      answer: async (_, [passage]) => {
        calls += 1;
        await shelf.commit(`r${calls + 1}`, NEW);
        return said(`Call ${calls} [1].`, passage?.text);
      },
    };
    await fixture.serving({ shelf, model, retrieve: async () => shelf.found() }, async () => {
      const answer = await ask(client(), question('Which lamp was lit now?'));
      expect(answer).toMatchObject({
        ...{ mode: 'extractive', answer: NOTHING_FOUND, fallback: { code: 'SOURCE_CHANGED' } },
      });
    });
    expect(calls).toBe(2);
  });

  test('before it is read is searched again, though nobody writes', async () => {
    const shelf = await Shelf.of(TEXT);
    let searches = 0;
    const retrieve = async () => {
      const found = shelf.found();
      searches += 1;
      if (searches === 1) await shelf.commit('r2', NEW);
      return found;
    };
    await fixture.serving({ shelf, retrieve }, async () => {
      const answer = await ask(client(), question('Which lamp did the keeper light?', { extractive: true }));
      expect(answer.citations).toMatchObject([{ quote: NEW }]);
      expect(answer.fallback).toBeUndefined();
    });
    expect(searches).toBe(2);
  });
});

test('a search that hangs ends the question with its code inside the deadline', async () => {
  const { promise: forLong, reject: giveUp } = Promise.withResolvers<never>();
  await fixture.serving({ retrieve: () => forLong }, async () => {
    const asked = question('Where is the store?', { deadlineMs: 9_000 });
    await expect(ask(client(), asked)).rejects.toMatchObject({ code: 'QUESTION_TIMEOUT' });
    // Two shares of a search: it is not tried again.
    expect(await tookMs(questionId(asked))).toBeLessThan(2 * 0.3 * 9_000);
    giveUp(new Error('given up'));
  });
});
