/** Answers of a real small language model, on a real stack: `npm test -- test/real`. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Answer, ScriptoriumClient } from '../../client/index.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { readQuestions } from '../../samples/questions.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { type SmallModel, startSmallModel } from '../helpers/small-model.ts';

let home: TestHome;
let client: ScriptoriumClient;
let model: SmallModel;

beforeAll(async () => {
  model = await startSmallModel();
  home = await TestHome.create({ OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_MODEL: 'SmolLM2-135M-Instruct' });
  await buildSamples();
  expect((await home.run('ingest', booksFolder)).code).toBe(0);
  client = await ScriptoriumClient.connect({ env: home.env });
}, 600_000);

afterAll(async () => {
  await model?.[Symbol.asyncDispose]();
  await client?.close();
  await home?.[Symbol.asyncDispose]();
}, 120_000);

/** Two passages are a prompt that it reads in seconds on two cores. */
const ASKED = { topK: 2, deadlineMs: 110_000 };

test('answers with citations, and shows its text as it comes', async () => {
  const { questions } = await readQuestions();
  const answers: Answer[] = [];
  let pieces = 0;
  for (const { question } of questions.slice(0, 6)) {
    const answer = await client.ask(question, { ...ASKED, onText: () => (pieces += 1) });
    const why = answer.fallback ? ` (${answer.fallback.code}: ${answer.fallback.message})` : '';
    process.stderr.write(`${question}\n  ${answer.mode}${why}: ${answer.answer}\n`);
    expect(answer).toMatchObject({ mode: 'model' });
    expect(answer.usage?.outputTokens).toBeGreaterThan(0);
    answers.push(answer);
  }
  expect(pieces).toBeGreaterThan(2 * answers.length);
  const cited = answers.filter(({ citations }) => citations.length > 0);
  expect(cited.length).toBeGreaterThanOrEqual(3);
  for (const { citations } of cited)
    for (const { title, quote } of citations) expect([title, quote]).not.toContain('');
}, 600_000);

test('stopped in the middle of an answer, it is replaced by quotes inside the deadline', async () => {
  const { questions } = await readQuestions();
  const question = questions.at(-1)?.question ?? '';
  const begun = Promise.withResolvers<void>();
  const started = Date.now();
  const asked = client.ask(question, { topK: 2, deadlineMs: 60_000, onText: () => begun.resolve() });
  await begun.promise;
  await model.kill();
  const answer = await asked;
  expect(answer).toMatchObject({ mode: 'extractive', fallback: { code: 'ANSWER_MODEL_UNREACHABLE' } });
  expect(answer.citations).not.toEqual([]);
  expect(Date.now() - started).toBeLessThan(60_000);
}, 120_000);
