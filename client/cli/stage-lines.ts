/** What `--explain` says: how an answer or a search came to be, and what each stage of it took. */
import type { Answer, SearchResult, Timings } from '../../workflows/result-contract.ts';
import { duration, printable } from './output.ts';

export function answerStageLines(answer: Answer): string[] {
  const { mode, usage, timings, workflowId } = answer;
  const tokens = usage ? `, ${usage.inputTokens} tokens read, ${usage.outputTokens} written` : '';
  const by = mode === 'model' ? `written by a model${tokens}` : 'quoted from the books';
  return [
    '',
    `Cache: ${cacheText(answer)}`,
    `Answer: ${by}`,
    ...stageLines(timings),
    `Workflow: ${workflowId}`,
  ];
}

export function searchStageLines({ timings, reranked }: SearchResult): string[] {
  const order =
    reranked === undefined
      ? []
      : [`Order: ${reranked ? 'by the reranker' : 'by the search; the reranker failed'}`];
  return ['', ...order, ...stageLines(timings)];
}

function cacheText({ cached }: Answer): string {
  if (!cached) return 'made anew';
  const { kind, question, ageMs } = cached;
  const same = kind === 'exact' ? 'the same question' : `one that means the same, “${printable(question)}”,`;
  return `${same} was answered ${duration(ageMs / 1_000)} ago`;
}

/** A line a stage, in the order in which they were begun. */
function stageLines(timings: Timings): string[] {
  const stages = Object.entries(timings);
  const width = Math.max(0, ...stages.map(([name]) => name.length));
  return stages.map(([name, ms]) => `  ${name.padEnd(width)} ${ms.toFixed(1).padStart(9)} ms`);
}
