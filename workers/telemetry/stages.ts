/** Which stage an activity is, by its type: the name of its span, and the label of its time. */

export interface StageOfActivity {
  /** Name of the span. */
  readonly span: string;
  /** Label of `ingestion_stage_duration_seconds`; absent for what is no stage of a book. */
  readonly ingestion?: string;
}

const ingestion = (stage: string): StageOfActivity => ({ span: `ingest.${stage}`, ingestion: stage });

const stages: Readonly<Record<string, StageOfActivity>> = {
  scanLibrary: ingestion('scan'),
  extractBook: ingestion('extract'),
  chunkBook: ingestion('chunk'),
  embedBook: ingestion('embed'),
  upsertBook: ingestion('upsert'),
  verifyBook: ingestion('verify'),
  commitBook: ingestion('commit'),
  dropStale: ingestion('drop'),
  dropRevision: ingestion('drop'),
  recordOutcome: ingestion('record'),
  retrieve: { span: 'query.retrieve' },
  search: { span: 'query.retrieve' },
  beginAnswer: { span: 'query.cache' },
  generate: { span: 'query.generate' },
  writeAnswer: { span: 'query.generate' },
  quoteAnswer: { span: 'query.generate' },
};

/** Undefined for activities that keep the name that Temporal gives them. */
export function stageOfActivity(type: string): StageOfActivity | undefined {
  return Object.hasOwn(stages, type) ? stages[type] : undefined;
}
