/** What is counted of this process, and the page on which Prometheus reads it. */
import type { Attributes, Counter, Histogram } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

export interface Metrics {
  readonly queries: Counter;
  readonly queryLatency: Histogram;
  readonly chunksRetrieved: Histogram;
  readonly books: Counter;
  readonly chunks: Counter;
  readonly bytes: Counter;
  readonly stageDuration: Histogram;
  readonly jobs: Counter;
  readonly jobDuration: Histogram;
  readonly cacheRequests: Counter;
  readonly embeddingBatch: Histogram;
  /** In Prometheus' text format. */
  page(): Promise<string>;
  close(): Promise<void>;
}

/** Seconds: from a cached answer to a model that writes for a minute. */
const QUERY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds: from a commit to a book of thousands of pages. */
const STAGE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600];
const RESULTS = [0, 1, 2, 5, 10, 20, 50, 100];
const BATCH_TEXTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

export function createMetrics(): Metrics {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('scriptorium');
  const serializer = new PrometheusSerializer('', false, undefined, true, true);
  const counter = (name: string, description: string): Counter => meter.createCounter(name, { description });
  const histogram = (name: string, description: string, explicitBucketBoundaries: number[]): Histogram =>
    meter.createHistogram(name, { description, advice: { explicitBucketBoundaries } });
  const metrics = {
    queries: counter('rag_queries_total', 'Questions and searches that ended, by kind and outcome'),
    queryLatency: histogram(
      'rag_query_latency_seconds',
      'Time of questions and searches by stage; total is from the start to the end',
      QUERY_SECONDS,
    ),
    chunksRetrieved: histogram(
      'rag_chunks_retrieved',
      'Passages that a question or search was given',
      RESULTS,
    ),
    books: counter('ingestion_books_total', 'Books that runs are done with, by outcome'),
    chunks: counter('ingestion_chunks_total', 'Chunks of the books that were ingested'),
    bytes: counter('ingestion_bytes_total', 'Bytes of the sources of the books that were ingested'),
    stageDuration: histogram(
      'ingestion_stage_duration_seconds',
      'Time of the stages of ingestion that were done',
      STAGE_SECONDS,
    ),
    jobs: counter('queue_jobs_total', 'Attempts at activities, by task queue, activity and outcome'),
    jobDuration: histogram('queue_job_duration_seconds', 'Time of attempts at activities', STAGE_SECONDS),
    cacheRequests: counter('cache_requests_total', 'Looks into the caches of questions, by cache and result'),
    embeddingBatch: histogram('embedding_batch_size', 'Texts that were embedded at once', BATCH_TEXTS),
  };
  startAtZero(metrics);
  return {
    ...metrics,
    page: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    close: () => provider.shutdown(),
  };
}

/** A counter that is not there yet is not zero: rates and alerts would miss its first step. */
function startAtZero({
  queries,
  books,
  chunks,
  bytes,
}: Pick<Metrics, 'queries' | 'books' | 'chunks' | 'bytes'>): void {
  const each = (counter: Counter, sets: readonly Attributes[]): void =>
    sets.forEach((attributes) => {
      counter.add(0, attributes);
    });
  each(
    queries,
    ['answer', 'search'].flatMap((kind) => ['done', 'failed'].map((outcome) => ({ kind, outcome }))),
  );
  each(
    books,
    ['ingested', 'unchanged', 'failed', 'cancelled'].map((outcome) => ({ outcome })),
  );
  each(chunks, [{}]);
  each(bytes, [{}]);
}
