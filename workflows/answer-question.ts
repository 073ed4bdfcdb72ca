/** One question: embed → search → answer with citations. */
import { proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { GenerateActivities } from '../activities/generate.ts';
import type { RetrieveActivities } from '../activities/retrieve.ts';
import { type AskInput, askInput } from './contract.ts';
import { parseInput } from './input.ts';
import { generatePolicy, queryPolicy } from './policies.ts';
import type { Answer } from './result-contract.ts';

const { retrieve } = proxyLocalActivities<RetrieveActivities>(queryPolicy);
const { generate } = proxyLocalActivities<GenerateActivities>(generatePolicy);

export async function answerQuestion(raw: AskInput): Promise<Answer> {
  const { question, ...rest } = parseInput(askInput, raw);
  const found = await retrieve({ query: question, ...rest });
  const written = await generate({ question, chunkIds: found.hits.map((hit) => hit.chunkId) });
  return {
    ...written,
    timings: { ...found.timings, ...written.timings },
    workflowId: workflowInfo().workflowId,
  };
}
