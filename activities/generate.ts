/** Passages → answer with citations. */
import type { Answer, Citation } from '../workflows/result-contract.ts';
import type { AnswerModel, NumberedPassage, WrittenAnswer } from './ports/answer-model.ts';
import type { StoredPassage, VectorStore } from './ports/vector-store.ts';
import { questionStage } from './stage.ts';

export interface GeneratePorts {
  readonly answerModel: AnswerModel;
  readonly store: VectorStore;
}

export interface GenerateInput {
  readonly question: string;
  /** Best first. */
  readonly chunkIds: readonly string[];
}

export type GenerateActivities = ReturnType<typeof createGenerateActivities>;

export function createGenerateActivities({ answerModel, store }: GeneratePorts) {
  return {
    generate: questionStage(
      async ({ question, chunkIds }: GenerateInput, { signal }): Promise<Omit<Answer, 'workflowId'>> => {
        const started = performance.now();
        const passages = inOrder(await store.get(chunkIds), chunkIds);
        const written = await answerModel.answer(question, passages.map(numbered), signal);
        const { answer, mode, droppedCitations } = written;
        const timings = { generate: performance.now() - started };
        return { answer, mode, droppedCitations, citations: citationsOf(written, passages), timings };
      },
    ),
  };
}

function inOrder(passages: readonly StoredPassage[], ids: readonly string[]): StoredPassage[] {
  const byId = new Map(passages.map((passage) => [passage.id, passage]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function numbered({ text, title, author, page, section }: StoredPassage, index: number): NumberedPassage {
  return { n: index + 1, text, title, author, page, section };
}

function citationsOf({ citations }: WrittenAnswer, passages: readonly StoredPassage[]): Citation[] {
  return citations.flatMap(({ n, quote }) => {
    const passage = passages[n - 1];
    if (!passage) return [];
    const { title, author, page, section, path, id } = passage;
    return [{ n, title, author, page, section, path, chunkId: id, quote }];
  });
}
