/** Part of the traced bundle, inside of Temporal's own interceptors: the span of a workflow gets our name and attributes. */
import { trace } from '@opentelemetry/api';
import { observing } from './observe.ts';

export const interceptors = observing(() => trace.getActiveSpan());
