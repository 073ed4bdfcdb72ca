/** What is decided before a question is worked on. */
import type { BegunAnswer } from '../workflows/question-contract.ts';
import { questionStage } from './stage.ts';

export interface BeginPorts {
  /** Time for a whole answer when the asker sets none, in milliseconds. */
  readonly deadlineMs: number;
  readonly answerModel: { readonly name: string };
  readonly extractive: { readonly name: string };
}

export interface BeginInput {
  readonly question: string;
  readonly deadlineMs?: number | undefined;
  readonly extractive?: boolean | undefined;
}

export type BeginActivities = ReturnType<typeof createBeginActivities>;

export function createBeginActivities(ports: BeginPorts) {
  const isExtractive = ports.answerModel.name === ports.extractive.name;
  return {
    beginAnswer: questionStage(
      async ({ deadlineMs, extractive }: BeginInput): Promise<BegunAnswer> => ({
        deadlineMs: deadlineMs ?? ports.deadlineMs,
        writer: extractive || isExtractive ? 'extractive' : 'model',
      }),
    ),
  };
}
