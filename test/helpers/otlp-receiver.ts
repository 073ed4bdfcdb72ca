/** Receives traces as a collector would: OTLP over HTTP, as JSON (OTEL_EXPORTER_OTLP_PROTOCOL=http/json). */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const anyValue = z.looseObject({
  stringValue: z.string().optional(),
  boolValue: z.boolean().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
  doubleValue: z.number().optional(),
});
const attributes = z.array(z.object({ key: z.string(), value: anyValue })).default([]);
const nanos = z.union([z.string(), z.number()]).transform((value) => Number(value) / 1e6);
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  status: z.looseObject({ code: z.number().optional() }),
});
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Null for a root. */
  readonly parentId: string | null;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
}

export class OtlpReceiver implements AsyncDisposable {
  readonly url: string;
  readonly spans: ReceivedSpan[] = [];
  /** What was sent that is no trace in JSON. */
  readonly problems: string[] = [];
  readonly #close: () => void;
  #wake: (() => void)[] = [];

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  static async start(): Promise<OtlpReceiver> {
    const server = createServer((incoming, response) => {
      text(incoming).then(
        (body) => {
          receiver.#take(incoming.url ?? '', body);
          response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
        },
        () => response.writeHead(400).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
    const receiver: OtlpReceiver = new OtlpReceiver(`http://127.0.0.1:${address.port}`, () => {
      server.close();
      server.closeAllConnections();
    });
    return receiver;
  }

  /** What makes a process send its traces here, soon. */
  get env(): NodeJS.ProcessEnv {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    };
  }

  /** Resolves with what `look` finds, which is asked again after everything that comes in. */
  async until<T>(look: (spans: readonly ReceivedSpan[]) => T | undefined): Promise<T> {
    for (;;) {
      const found = look(this.spans);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #take(url: string, body: string): void {
    const parsed = url === '/v1/traces' ? request.safeParse(JSON.parse(body)) : null;
    if (parsed?.success) this.spans.push(...parsed.data.resourceSpans.flatMap(spansOf));
    else this.problems.push(`${url}: ${parsed?.error.message ?? 'not asked for'}`);
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function spansOf({
  resource,
  scopeSpans,
}: z.output<typeof request>['resourceSpans'][number]): ReceivedSpan[] {
  const service = String(valuesOf(resource.attributes)['service.name']);
  return scopeSpans.flatMap(({ spans }) =>
    spans.map(({ traceId, spanId, parentSpanId, name, ...each }) => ({
      ...{ traceId, spanId, name, service, parentId: parentSpanId || null },
      ...{ startMs: each.startTimeUnixNano, endMs: each.endTimeUnixNano, failed: each.status.code === 2 },
      attributes: valuesOf(each.attributes),
    })),
  );
}

function valuesOf(list: z.output<typeof attributes>): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      value.stringValue ??
        value.boolValue ??
        value.doubleValue ??
        (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  );
}
