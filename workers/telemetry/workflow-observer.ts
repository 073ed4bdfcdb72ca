/** What workflows tell when they end, counted; see workflows/observe.ts. */
import type { InjectedSinks } from '@temporalio/worker';
import { z } from 'zod';
import type { Meter } from '../../activities/ports/telemetry.ts';
import { workflowTypes } from '../../workflows/contract.ts';
import type { EndSinks, WorkflowEnd } from '../../workflows/observe.ts';
import type { Metrics } from './metrics.ts';

const book = z.object({ bytes: z.number() });
const ingested = z.object({ chunks: z.number() });
const timings = z.record(z.string(), z.number());
const asked = z.looseObject({ question: z.string() });
const searched = z.looseObject({ query: z.string() });
const answer = z.object({
  citations: z.array(z.unknown()),
  timings,
  fallback: z.object({ code: z.string() }).optional(),
});
const found = z.object({ hits: z.array(z.unknown()), timings });

export interface EndObservers {
  readonly metrics: Metrics;
  readonly meter: Meter;
}

/** For workers that count nothing: Temporal complains of a sink that is not there. */
export const deafSinks: InjectedSinks<EndSinks> = { ends: { told: { fn: () => {} } } };

export function endSinks(observers: EndObservers): InjectedSinks<EndSinks> {
  return {
    ends: {
      told: {
        fn: ({ workflowType, startTime }, end) =>
          countEnd(workflowType, Date.now() - startTime.getTime(), end, observers),
      },
    },
  };
}

/** `totalMs` is the time since the workflow was started, which its worker may have taken up later. */
export function countEnd(
  workflowType: string,
  totalMs: number,
  end: WorkflowEnd,
  { metrics, meter }: EndObservers,
): void {
  if (workflowType === workflowTypes.ingestBook) countBook(end, metrics);
  else if (workflowType === workflowTypes.answerQuestion) tellAnswer(end, totalMs, meter);
  else if (workflowType === workflowTypes.searchLibrary) tellSearch(end, totalMs, meter);
}

function countBook({ outcome, input, result }: WorkflowEnd, { books, chunks, bytes }: Metrics): void {
  books.add(1, { outcome: outcome === 'done' ? 'ingested' : outcome });
  if (outcome !== 'done') return;
  chunks.add(ingested.safeParse(result).data?.chunks ?? 0);
  bytes.add(book.safeParse(input).data?.bytes ?? 0);
}

function tellAnswer(
  { outcome, code, traceId, input, result }: WorkflowEnd,
  totalMs: number,
  meter: Meter,
): void {
  const { question = '', ...filters } = asked.safeParse(input).data ?? {};
  const given = answer.safeParse(result).data;
  meter.query({
    ...{ kind: 'answer', outcome, traceId, totalMs, filters, text: question },
    ...{ code: code ?? given?.fallback?.code ?? null, timings: given?.timings ?? {} },
    results: given?.citations.length ?? 0,
  });
}

function tellSearch(
  { outcome, code, traceId, input, result }: WorkflowEnd,
  totalMs: number,
  meter: Meter,
): void {
  const { query = '', ...filters } = searched.safeParse(input).data ?? {};
  const given = found.safeParse(result).data;
  meter.query({
    ...{ kind: 'search', outcome, code, traceId, totalMs, filters, text: query },
    ...{ results: given?.hits.length ?? 0, timings: given?.timings ?? {} },
  });
}
