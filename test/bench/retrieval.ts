/** How good the retrieval is: questions with known answers over real books, beside the plain way of doing it. */
import { join } from 'node:path';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';
import { type RetrieveInput, search } from '../../activities/retrieve.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import { minilm } from '../../workers/model/minilm.ts';
import type { BenchOptions } from './options.ts';
import type { BenchReport } from './report.ts';
import { type AnswerQuality, answerQuality } from './retrieval/answers.ts';
import { cachedVectors } from './retrieval/cached-vectors.ts';
import { readCorpus } from './retrieval/corpus.ts';
import {
  type GivenPassage,
  holdsAnswer,
  isOnPage,
  type LabelledQuestion,
  readQuestions,
} from './retrieval/labelled.ts';
import { type BenchLibrary, openLibrary } from './retrieval/library.ts';
import { percentile, type Quality, qualityOf, rankOf } from './retrieval/metrics.ts';
import { PlainBaseline, plainChunks } from './retrieval/plain-baseline.ts';

/** The product's own setting is the first; overlap is an eighth. */
const CHUNK_TOKENS = [256, 192, 128, 64];
const HITS = 10;

interface System {
  readonly name: string;
  answer(question: LabelledQuestion, at: number): Promise<readonly GivenPassage[]>;
}

interface Measured {
  readonly page: Quality;
  readonly passage: Quality;
  readonly p50Ms: number;
  readonly words: number;
}

export async function benchRetrieval({ signal }: Pick<BenchOptions, 'signal'>): Promise<BenchReport> {
  const cache = join(homeOf().cache, 'bench-retrieval');
  const finding = { cacheFolder: homeOf().cache, env: process.env };
  const tokenizerPath = await findAsset(tokenizerAsset, finding);
  await using embedder = await OnnxEmbedder.open({
    ...{ ...minilm, modelPath: await findAsset(modelAsset, finding), tokenizerPath, threads: 2 },
  });
  const questions = await readQuestions();
  const books = await readCorpus(cache, signal);
  const measured = new Map<string, Measured>();
  let answers: AnswerQuality | null = null;
  const chunks = plainChunks(books);
  const texts = chunks.map(({ text }) => text);
  const plain = new PlainBaseline(chunks, await cachedVectors(embedder, texts, cache, signal));
  const asked = questions.map(({ question }) => question);
  const vectors = await cachedVectors(embedder, asked, cache, signal);
  for (const system of plainSystems(plain, vectors))
    measured.set(system.name, await measure(system, questions));
  for (const maxTokens of CHUNK_TOKENS) {
    const options = { maxTokens, overlapTokens: maxTokens / 8, tokenizerPath, cache, signal };
    await using library = await openLibrary(books, embedder, options);
    for (const system of ourSystems(library, embedder, maxTokens))
      measured.set(system.name, await measure(system, questions));
    answers ??= await answerQuality(library, embedder, questions);
  }
  return reportOf(measured, answers, questions.length, chunks.length);
}

function plainSystems(plain: PlainBaseline, vectors: readonly Float32Array[]): System[] {
  return (['dense', 'lexical', 'hybrid'] as const).map((mode) => ({
    name: `plain ${mode}`,
    answer: async ({ question }, at) => plain.rank(question, vectors[at] ?? new Float32Array())[mode],
  }));
}

function ourSystems(library: BenchLibrary, embedder: Embedder, maxTokens: number): System[] {
  const variants: readonly (readonly [string, Partial<RetrieveInput>])[] = [
    ['dense', { mode: 'dense', neighbours: 0 }],
    ['lexical', { mode: 'lexical', neighbours: 0 }],
    ['hybrid, no neighbours', { neighbours: 0 }],
    ['hybrid', {}],
  ];
  return variants.map(([name, input]) => ({
    name: `${maxTokens} ${name}`,
    answer: async ({ question }) => {
      const { hits } = await search(
        { ...library.stores, embedder },
        { query: question, topK: HITS, ...input },
      );
      return hits.map(({ bookId, text, page }) => ({ book: library.names.get(bookId) ?? '', text, page }));
    },
  }));
}

async function measure(system: System, questions: readonly LabelledQuestion[]): Promise<Measured> {
  const ranks: { page: number; passage: number }[] = [];
  const ms: number[] = [];
  let words = 0;
  for (const [at, question] of questions.entries()) {
    const started = performance.now();
    const given = await system.answer(question, at);
    ms.push(performance.now() - started);
    words += given.slice(0, 5).reduce((sum, { text }) => sum + text.split(/\s+/).length, 0);
    ranks.push({
      page: rankOf(given, (passage) => isOnPage(question, passage)),
      passage: rankOf(given, (passage) => holdsAnswer(question, passage)),
    });
  }
  return {
    page: qualityOf(ranks.map(({ page }) => page)),
    passage: qualityOf(ranks.map(({ passage }) => passage)),
    p50Ms: percentile(ms, 0.5),
    words: words / questions.length,
  };
}

function reportOf(
  measured: ReadonlyMap<string, Measured>,
  answers: AnswerQuality | null,
  questions: number,
  plain: number,
): BenchReport {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(
    '                          page: R@5  MRR@10  nDCG@10   passage: R@5  MRR@10  nDCG@10   p50 ms  words in 5',
  );
  const figures: Record<string, number> = {};
  for (const [name, { page, passage, p50Ms, words }] of measured) {
    const columns = [page, passage].map((each) =>
      Object.values(each)
        .map((figure) => figure.toFixed(3).padStart(8))
        .join(''),
    );
    say(
      `${name.padEnd(26)}${columns[0]}      ${columns[1]}  ${p50Ms.toFixed(1).padStart(8)}  ${words.toFixed(0).padStart(6)}`,
    );
    for (const [metric, figure] of Object.entries(page)) figures[`${name}: page ${metric}`] = figure;
    for (const [metric, figure] of Object.entries(passage)) figures[`${name}: passage ${metric}`] = figure;
    figures[`${name}: p50 ms`] = p50Ms;
    figures[`${name}: words in 5`] = words;
  }
  for (const [name, figure] of Object.entries(answers ?? {})) figures[`answers: ${name}`] = figure;
  const recall = (name: string): number => measured.get(name)?.passage.recallAt5 ?? Number.NaN;
  const medians = { scriptorium: recall(`${CHUNK_TOKENS[0]} hybrid`), plain: recall('plain hybrid') };
  return {
    ...{ bench: 'retrieval', unit: 'of the answers in the first five passages', medians, figures },
    settings: { questions, 'plain chunks': plain, hits: HITS },
    rounds: { scriptorium: [medians.scriptorium], plain: [medians.plain] },
    ...{ ratios: { plain: medians.scriptorium / medians.plain }, ratio: medians.scriptorium / medians.plain },
    notMeasured:
      'other languages than English, other models, books without pages, questions that need several passages',
  };
}
