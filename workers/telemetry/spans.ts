/** Spans of this process, and those that workflows hand over, on their way to OpenTelemetry's SDK. */
import { type Tracer as OtelTracer, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { Attributes, Tracer } from '../../activities/ports/telemetry.ts';

export function tracerOver(tracer: OtelTracer): Tracer {
  return {
    span: (name, attributes, run) =>
      tracer.startActiveSpan(name, { attributes, kind: kindOf(attributes) }, async (span) => {
        try {
          return await run({ set: (more) => void span.setAttributes(more) });
        } catch (error) {
          span.setAttribute('error.type', error instanceof ScriptoriumError ? error.code : nameOf(error));
          span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
          throw error;
        } finally {
          span.end();
        }
      }),
  };
}

/** Calls of databases and models are those of a client, by OpenTelemetry's conventions; the rest is our own work. */
function kindOf(attributes: Attributes): SpanKind {
  const isCall = 'db.system.name' in attributes || 'gen_ai.operation.name' in attributes;
  return isCall ? SpanKind.CLIENT : SpanKind.INTERNAL;
}

/** Fields for a line of the log; none outside of spans. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const context = trace.getActiveSpan()?.spanContext();
  return context ? { trace_id: context.traceId, span_id: context.spanId } : {};
}

/** What only looks at a workflow is not part of its way. */
const withoutTrace = /^(?:HandleQuery|ValidateUpdate):/;

/**
 * Time stands still for a workflow until its task is over, so what it ends has ended now: a stage that ran meanwhile, as a
 * local activity does, must not stick out of it. Sinks are called when that happens, and never in replays.
 *
 * Temporal's sink adds all that is known of a workflow to the attributes of its spans: memo, search attributes, types of
 * every kind. A few of them are enough, and are of the types that attributes may have.
 */
export function ofWorkflows(
  processor: Pick<SpanProcessor, 'onEnd'>,
  nowMs: () => number = Date.now,
): Pick<SpanProcessor, 'onEnd'> {
  return {
    onEnd(span) {
      if (withoutTrace.test(span.name)) return;
      const attributes = plainAttributes(span.attributes);
      processor.onEnd({ ...span, ...endedAt(span, nowMs()), attributes });
    },
  };
}

function endedAt(
  { startTime: [seconds, nanos] }: ReadableSpan,
  nowMs: number,
): Pick<ReadableSpan, 'endTime' | 'duration'> {
  const startMs = seconds * 1_000 + nanos / 1e6;
  // The clock of the server, which the start is by, may go before ours.
  const endMs = Math.max(nowMs, startMs);
  return { endTime: hrTimeOf(endMs), duration: hrTimeOf(endMs - startMs) };
}

/** Seconds, and nanoseconds of the second. */
function hrTimeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

const renamed: Readonly<Record<string, string>> = {
  workflowId: 'temporalWorkflowId',
  runId: 'run_id',
  workflowType: 'temporalWorkflowType',
  taskQueue: 'temporalTaskQueue',
};

function plainAttributes(attributes: ReadableSpan['attributes']): ReadableSpan['attributes'] {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => {
      const own = renamed[name] ?? (/[._]/.test(name) || name.startsWith('temporal') ? name : undefined);
      return own === undefined ? [] : [[own, value]];
    }),
  );
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'INTERNAL';
}
