/** Judges passages with the question before them, which is slower and better than comparing vectors. */
export interface Reranker {
  /** For people. */
  readonly name: string;
  /**
   * One figure a text, in the order of the texts; the higher, the better it answers.
   * @throws ScriptoriumError RERANK_FAILED
   */
  rerank(question: string, texts: readonly string[], signal?: AbortSignal): Promise<readonly number[]>;
}
