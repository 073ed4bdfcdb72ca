/** `search` and `ask`. */
import { askInput, searchInput } from '../../../workflows/contract.ts';
import { answer, searchResult } from '../../http/contract.ts';
import { allowedScope } from '../../http/principal.ts';
import { answerText, hitsText } from '../answer-text.ts';
import { defineTool } from '../tool.ts';

const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

const narrowing = {
  library: searchInput.shape.library.describe(
    'Look only in this library. Left out: in all that you may use.',
  ),
  filters: searchInput.shape.filters.describe(
    'What the passages must be of; all that is given must hold, letter by letter. `book` is a bookId; `format` is pdf, epub, docx, html, markdown or text; `section` is a heading; `pages` and `years` are {from, to}.',
  ),
  perBook: searchInput.shape.perBook.describe('Most passages of one book, for variety'),
};

export const searchTool = defineTool({
  name: 'search',
  title: 'Search the books',
  description:
    'Finds the passages of the ingested books that say most about a text, by meaning and by exact words at once, best first, each with title, page, section and bookId. ' +
    'Use it to look for evidence, to compare what books say, or to find a book; it takes some tens of milliseconds. Ask in the words of the subject, as a question or a phrase. ' +
    'Use `ask` instead for one answer with citations.',
  scope: 'ask',
  input: searchInput.omit({ libraries: true }).extend({
    query: searchInput.shape.query.describe('What to look for, in any language'),
    ...narrowing,
    topK: searchInput.shape.topK.describe('How many passages'),
    mode: searchInput.shape.mode.describe(
      'hybrid (default), dense: by meaning alone, lexical: by words alone',
    ),
    neighbours: searchInput.shape.neighbours.describe(
      'Chunks before and after that are joined to each passage; 1 when left out',
    ),
  }),
  output: searchResult,
  annotations: reads,
  run: async (input, { service, rights, signal }) => {
    const asked = { ...input, ...allowedScope(rights, input.library) };
    const result = await service.search(asked, { signal });
    return { data: result, text: hitsText(result) };
  },
});

export const askTool = defineTool({
  name: 'ask',
  title: 'Ask the books',
  description:
    'Answers a question from the ingested books alone, with numbered citations: title, page and the words that each rests on. ' +
    'Where no model is configured to write, or with `extractive`, the answer consists of quotations. An answer without citations means that the books say nothing about it. ' +
    'It may take up to two minutes; send a progress token to receive the text so far while it is written.',
  scope: 'ask',
  input: askInput.omit({ libraries: true }).extend({
    question: askInput.shape.question.describe(
      'One whole question; the books see nothing of your conversation',
    ),
    ...narrowing,
    topK: askInput.shape.topK.describe('How many passages to answer from'),
    deadlineMs: askInput.shape.deadlineMs.describe(
      'Time for the whole answer in milliseconds; what is not written by then is quoted',
    ),
    extractive: askInput.shape.extractive.describe(
      'true: quote the books, though a model is there that writes',
    ),
  }),
  output: answer,
  annotations: reads,
  run: async (input, { service, rights, signal, progress }) => {
    const asked = { ...input, ...allowedScope(rights, input.library) };
    const result = await service.ask(asked, {
      signal,
      ...(progress && { onText: (text: string) => progress.step(text) }),
    });
    return { data: result, text: answerText(result) };
  },
});
