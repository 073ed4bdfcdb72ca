export interface EmbedOptions {
  /** Default `passage`. */
  readonly kind?: 'passage' | 'question';
  readonly signal?: AbortSignal;
  /**
   * Hears of texts that are done before the others: of this call, or of any where a part that can't hang does the work. Only
   * where many are taken at once.
   */
  readonly onSome?: () => void;
}

/** Gives one unit vector a text. */
export interface Embedder extends AsyncDisposable {
  /** Changes whenever the vectors would: model file hash, tokenizer hash, pooling. Vectors of two ids never meet. */
  readonly id: string;
  /** Length of a vector. */
  readonly dimensions: number;
  /** Books that it embeds at once with gain: for an endpoint, as many as it serves. Default: a book for each of our threads. */
  readonly booksAtOnce?: number;
  /** Chunks of one book that it wants at once. Default 32. */
  readonly chunksAtOnce?: number;
  /** True while passages keep all the cores busy that it may have on this machine. Default: never. */
  readonly busy?: boolean;
  /** Longest text in tokens, special tokens included; longer texts are cut at the end. */
  readonly maxTokens: number;
  /**
   * One L2-normalised vector of `dimensions` float32 a text, in the order of the texts.
   * `question` goes before all waiting `passage` work.
   * @throws ScriptoriumError EMBEDDING_FAILED
   */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<readonly Float32Array[]>;
}
