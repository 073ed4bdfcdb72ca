/**
 * Part of the traced bundle: Temporal's interceptors for OpenTelemetry, for workflows that were started by somebody who
 * traces. Each of their steps waits a little longer for its turn, so that a run which began without them would do its steps
 * in another order when it is replayed with them: tracing can be turned on while a run goes on, and begins with the next one.
 */
import {
  OpenTelemetryInboundInterceptor,
  OpenTelemetryInternalsInterceptor,
  OpenTelemetryOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry-v2/lib/workflow/index.js';
import type { WorkflowExecuteInput, WorkflowInterceptors } from '@temporalio/workflow';

/** Header of those interceptors, with the context of the trace. */
const TRACE_HEADER = '_tracer-data';

export const interceptors = (): WorkflowInterceptors => {
  let isTraced = false;
  const inbound = onlyIf(() => isTraced, new OpenTelemetryInboundInterceptor());
  const outbound = onlyIf(() => isTraced, new OpenTelemetryOutboundInterceptor());
  const start = {
    execute(input: WorkflowExecuteInput, next: (input: WorkflowExecuteInput) => Promise<unknown>) {
      isTraced = input.headers[TRACE_HEADER] !== undefined;
      return next(input);
    },
  };
  return {
    inbound: [start, inbound],
    outbound: [outbound],
    internals: [new OpenTelemetryInternalsInterceptor()],
  };
};

/** The interceptor, passed over where it is not wanted. */
function onlyIf<T extends object>(wanted: () => boolean, interceptor: T): T {
  return new Proxy(interceptor, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (input: unknown, next: (input: unknown) => unknown): unknown =>
        wanted() ? Reflect.apply(method, target, [input, next]) : next(input);
    },
  });
}
