/** Every attempt at an activity: its span gets our name and attributes, and it is counted and timed. */
import { trace } from '@opentelemetry/api';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { z } from 'zod';
import type { Attributes } from '../../activities/ports/telemetry.ts';
import type { Metrics } from './metrics.ts';
import { type StageOfActivity, stageOfActivity } from './stages.ts';

export interface ActivityObserverOptions {
  readonly metrics: Metrics;
  /** Whether there are spans. */
  readonly traced: boolean;
}

export function observeActivity(
  { info }: Context,
  { metrics, traced }: ActivityObserverOptions,
): ActivityInterceptors {
  const { activityType, taskQueue, attempt } = info;
  const stage = stageOfActivity(activityType);
  return {
    inbound: {
      async execute(input, next) {
        if (traced) describe(stage, { ...attributesOf(input.args[0]), 'scriptorium.attempt': attempt });
        const started = performance.now();
        const ended = (outcome: string): void => {
          const seconds = (performance.now() - started) / 1_000;
          metrics.jobs.add(1, { queue: taskQueue, activity: activityType, outcome });
          metrics.jobDuration.record(seconds, { queue: taskQueue, activity: activityType });
          if (stage?.ingestion && outcome === 'done')
            metrics.stageDuration.record(seconds, { stage: stage.ingestion });
        };
        try {
          const result = await next(input);
          ended('done');
          if (traced) trace.getActiveSpan()?.setAttributes(attributesOf(result));
          countResult(activityType, result, metrics);
          return result;
        } catch (error) {
          ended(error instanceof CancelledFailure ? 'cancelled' : 'failed');
          if (traced) trace.getActiveSpan()?.setAttributes({ 'error.type': codeOf(error) });
          throw error;
        }
      },
    },
  };
}

function describe(stage: StageOfActivity | undefined, attributes: Attributes): void {
  const span = trace.getActiveSpan();
  if (stage) span?.updateName(stage.span);
  span?.setAttributes(attributes);
}

/** Plain fields of inputs and results that are worth an attribute; never the text of a question. */
const shownFields: Readonly<Record<string, string>> = {
  library: 'library',
  bookId: 'book.id',
  path: 'book.path',
  pages: 'pages',
  chunks: 'chunks',
  embedded: 'embedded_chunks',
  points: 'points',
  topK: 'top_k',
  toIngest: 'books_to_ingest',
  unchanged: 'books_unchanged',
  failed: 'books_failed',
  mode: 'answer_mode',
};

export function attributesOf(value: unknown): Attributes {
  if (typeof value !== 'object' || value === null) return {};
  const found: Record<string, string | number> = {};
  for (const [field, attribute] of Object.entries(shownFields)) {
    const shown: unknown = Reflect.get(value, field);
    if (typeof shown === 'string' || typeof shown === 'number') found[`scriptorium.${attribute}`] = shown;
  }
  return found;
}

const scanned = z.object({ unchanged: z.number(), failed: z.number() });
const retrieved = z.object({ hits: z.array(z.unknown()) });

/** What no workflow of its own tells of: books that need none, and passages on their way to an answer. */
function countResult(type: string, result: unknown, metrics: Metrics): void {
  if (type === 'scanLibrary') {
    const { data } = scanned.safeParse(result);
    if (!data) return;
    metrics.books.add(data.unchanged, { outcome: 'unchanged' });
    metrics.books.add(data.failed, { outcome: 'failed' });
  } else if (type === 'retrieve' || type === 'search') {
    const { data } = retrieved.safeParse(result);
    if (data) metrics.chunksRetrieved.record(data.hits.length);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof ApplicationFailure) return error.type ?? 'INTERNAL';
  return error instanceof CancelledFailure ? 'cancelled' : 'INTERNAL';
}
