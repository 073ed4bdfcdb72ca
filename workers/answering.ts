/** What answers questions beside the stores: the models that write. */
import { ExtractiveAnswers } from '../activities/adapters/answers/extractive.ts';
import { OpenAiAnswers } from '../activities/adapters/answers/openai-answers.ts';
import type { AnswerModel } from '../activities/ports/answer-model.ts';
import type { Config } from './config.ts';

export interface Answering {
  /** The one that is configured. */
  readonly answerModel: AnswerModel;
  /** The one that always answers. */
  readonly extractive: AnswerModel;
  /** Time for a whole answer when the asker sets none, in milliseconds. */
  readonly deadlineMs: number;
}

export function openAnswering({ answers, answerDeadlineMs }: Config): Answering {
  const extractive = new ExtractiveAnswers();
  return {
    answerModel: answers ? new OpenAiAnswers(answers) : extractive,
    ...{ extractive, deadlineMs: answerDeadlineMs },
  };
}
