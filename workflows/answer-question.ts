/** One question: embed → search → answer with citations. */
import { patched, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { GenerateActivities } from '../activities/generate.ts';
import type { RetrieveActivities } from '../activities/retrieve.ts';
import { answerInTime, type ParsedQuestion } from './answer-in-time.ts';
import { type AskInput, askInput } from './contract.ts';
import { parseInput } from './input.ts';
import { generatePolicy, queryPolicy } from './policies.ts';
import { normaliseQuestion } from './question-contract.ts';
import type { Answer } from './result-contract.ts';

const { retrieve } = proxyLocalActivities<RetrieveActivities>(queryPolicy);
const { generate } = proxyLocalActivities<GenerateActivities>(generatePolicy);

export async function answerQuestion(raw: AskInput): Promise<Answer> {
  const { question, ...rest } = parseInput(askInput, raw);
  const input = { ...rest, question: normaliseQuestion(question) };
  return patched('answer-in-time') ? await answerInTime(input) : await answerInTwoSteps(input);
}

/** As in version 0.1: questions that were under way when the workers were upgraded. */
async function answerInTwoSteps({
  question,
  deadlineMs,
  extractive,
  ...rest
}: ParsedQuestion): Promise<Answer> {
  const found = await retrieve({ query: question, ...rest });
  const written = await generate({ question, chunkIds: found.hits.map((hit) => hit.chunkId) });
  return {
    ...written,
    timings: { ...found.timings, ...written.timings },
    workflowId: workflowInfo().workflowId,
  };
}
