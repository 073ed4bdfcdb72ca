/**
 * What goes into the pipeline fingerprint. Raise a number whenever the text or the chunks of any book would come out
 * differently: then every book is ingested anew. Versions of the engines are held against package.json by a test.
 */
export const engineVersions = {
  '@hyzyla/pdfium': '2.1.13',
  'pdf-parse': '2.4.5',
  htmlparser2: '12.0.0',
  mammoth: '1.13.0',
  'mdast-util-from-markdown': '2.1.0',
  chardet: '2.2.0',
  'iconv-lite': '0.7.3',
} as const;

export const extractorFingerprint: string = [
  'extractor 2',
  ...Object.entries(engineVersions).map(([name, version]) => `${name} ${version}`),
].join(', ');

/** The tokenizer that measures chunks is part of the embedder's id; sentence rules come with Node. */
export const chunkerFingerprint = 'chunker 1';
