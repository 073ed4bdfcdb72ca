/** What is decided before a question is worked on: its deadline, who writes, and whether it was answered before. */
import type { BegunAnswer } from '../workflows/question-contract.ts';
import type { AnswerCaches, AskedAs } from './cache/answer-caches.ts';
import { scopeOf } from './cache/kept-answer.ts';
import { questionStage } from './stage.ts';
import { within } from './within.ts';

export interface BeginPorts {
  /** Time for a whole answer when the asker sets none, in milliseconds. */
  readonly deadlineMs: number;
  readonly answerModel: { readonly name: string };
  readonly extractive: { readonly name: string };
  readonly caches: Pick<AnswerCaches, 'find' | 'ticket'>;
}

/** A question with all its filters. */
export interface BeginInput {
  readonly question: string;
  readonly deadlineMs?: number | undefined;
  readonly extractive?: boolean | undefined;
  readonly [filter: string]: unknown;
}

export type BeginActivities = ReturnType<typeof createBeginActivities>;

export function createBeginActivities(ports: BeginPorts) {
  const { caches } = ports;
  return {
    beginAnswer: questionStage(async (input: BeginInput): Promise<BegunAnswer> => {
      const { question, deadlineMs = ports.deadlineMs } = input;
      const { scope, writer } = askedAs(input, ports);
      const startedMs = performance.now();
      const looked = await within(lookMs(deadlineMs), look(caches, { question, scope }));
      const lookedMs = performance.now() - startedMs;
      return { deadlineMs, writer, lookedMs, ...(looked ?? { found: null, keep: null }) };
    }),
  };
}

/** A cache that is slower than this part of the deadline is passed over, and the answer not kept. */
const LOOK_SHARE = 0.1;
/**
 * However long the deadline is: the workflow gives this stage 5 s, and ends the question when they are over. An embedding
 * endpoint that has to load its model first takes longer than that.
 */
const MOST_LOOK_MS = 4_000;

/** How long a question with this deadline waits for a cache, in milliseconds. */
export function lookMs(deadlineMs: number): number {
  return Math.min(deadlineMs * LOOK_SHARE, MOST_LOOK_MS);
}

type Looked = Pick<BegunAnswer, 'found' | 'keep'>;

async function look(caches: BeginPorts['caches'], asked: AskedAs): Promise<Looked> {
  const found = await caches.find(asked);
  return { found, keep: found ? null : await caches.ticket(asked.scope) };
}

/** Who writes the answer, and the scope in which it may be given to others. */
export function askedAs(
  { question, deadlineMs: _, extractive, ...filters }: BeginInput,
  models: Pick<BeginPorts, 'answerModel' | 'extractive'>,
): { readonly scope: string; readonly writer: BegunAnswer['writer'] } {
  const quotes = extractive === true || models.answerModel.name === models.extractive.name;
  const { name } = quotes ? models.extractive : models.answerModel;
  return { scope: scopeOf(filters, name), writer: quotes ? 'extractive' : 'model' };
}
