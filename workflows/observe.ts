/**
 * Part of every bundle of workflows: tells the worker of each workflow that ends, for its metrics and its log of slow
 * questions. Replays tell nothing: Temporal calls no sink while it replays.
 */
import {
  ApplicationFailure,
  ContinueAsNew,
  isCancellation,
  proxySinks,
  type Sinks,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptorsFactory,
  workflowInfo,
} from '@temporalio/workflow';
import { causeOf } from './failure-cause.ts';
import { workflowTypes } from './names.ts';

/** How a workflow ended. */
export interface WorkflowEnd {
  readonly outcome: 'done' | 'failed' | 'cancelled';
  /** Code of the registry; null unless it failed. */
  readonly code: string | null;
  /** First argument and result, of the types that are looked into. */
  readonly input?: unknown;
  readonly result?: unknown;
  /** Hexadecimal; null where nothing is traced. */
  readonly traceId: string | null;
}

export interface EndSinks extends Sinks {
  readonly ends: { told(end: WorkflowEnd): void };
}

/** The name of the span of a workflow, by its type. */
const spanNames: Readonly<Record<string, string>> = {
  [workflowTypes.ingestLibrary]: 'ingest.library',
  [workflowTypes.ingestBook]: 'ingest.book',
  [workflowTypes.answerQuestion]: 'query.answer',
  [workflowTypes.searchLibrary]: 'query.passages',
};

/** What the worker looks into; the input and result of others stay where they are. */
const toldWhole = new Set<string>([
  workflowTypes.ingestBook,
  workflowTypes.answerQuestion,
  workflowTypes.searchLibrary,
]);

/** What is needed of OpenTelemetry's span; its package is evaluated for each workflow, and is only in the traced bundle. */
export interface WorkflowSpan {
  updateName(name: string): unknown;
  setAttributes(attributes: Record<string, string | number>): unknown;
  spanContext(): { readonly traceId: string };
}

const { ends } = proxySinks<EndSinks>();

export const interceptors = observing(() => undefined);

export function observing(activeSpan: () => WorkflowSpan | undefined): WorkflowInterceptorsFactory {
  return () => ({ inbound: [{ execute: observed(activeSpan) }] });
}

type Execute = NonNullable<WorkflowInboundCallsInterceptor['execute']>;

function observed(activeSpan: () => WorkflowSpan | undefined): Execute {
  return async (call, next) => {
    const span = activeSpan();
    const [input] = call.args;
    name(span, input);
    try {
      const result = await next(call);
      tell('done', null, span, input, result);
      return result;
    } catch (error) {
      if (!(error instanceof ContinueAsNew)) {
        const cancelled = isCancellation(error);
        tell(cancelled ? 'cancelled' : 'failed', cancelled ? null : codeOf(error), span, input);
      }
      throw error;
    }
  };
}

function codeOf(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure ? (cause.type ?? 'INTERNAL') : 'INTERNAL';
}

function name(span: WorkflowSpan | undefined, input: unknown): void {
  const spanName = spanNames[workflowInfo().workflowType];
  if (!span || spanName === undefined) return;
  span.updateName(spanName);
  span.setAttributes(attributesOf(input));
}

/** Plain fields of an input or a result: library, book, counts; never a question's text. */
function attributesOf(input: unknown): Record<string, string | number> {
  if (typeof input !== 'object' || input === null) return {};
  const shown = {
    library: 'library',
    bookId: 'book.id',
    path: 'book.path',
    topK: 'top_k',
    pages: 'pages',
    chunks: 'chunks',
    mode: 'answer_mode',
  };
  const found: Record<string, string | number> = {};
  for (const [field, attribute] of Object.entries(shown)) {
    const value: unknown = Reflect.get(input, field);
    if (typeof value === 'string' || typeof value === 'number') found[`scriptorium.${attribute}`] = value;
  }
  return found;
}

function tell(
  outcome: WorkflowEnd['outcome'],
  code: string | null,
  span: WorkflowSpan | undefined,
  input: unknown,
  result?: unknown,
): void {
  span?.setAttributes({
    ...attributesOf(result),
    'scriptorium.outcome': outcome,
    ...(code !== null && { 'error.type': code }),
  });
  const whole = toldWhole.has(workflowInfo().workflowType);
  ends.told({
    ...{ outcome, code, traceId: span?.spanContext().traceId ?? null },
    ...(whole && { input, result }),
  });
}
