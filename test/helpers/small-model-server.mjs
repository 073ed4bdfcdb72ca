// A small language model behind OpenAI's chat completions, streaming: `node small-model-server.mjs PACKAGES MODEL.gguf`.
// One request at a time. Plain JavaScript, because what it imports is not among the project's dependencies.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const [packages, modelPath] = process.argv.slice(2);
const entry = join(packages, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
const { getLlama, LlamaChatSession } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const model = await llama.loadModel({ modelPath });
// One thread: llama.cpp's wait for each other by spinning, and beside other work two are ten times slower than one.
const context = await model.createContext({ contextSize: 4_096, sequences: 1, threads: 1 });
const sequence = context.getSequence();

const server = createServer(async (request, response) => {
  const stop = new AbortController();
  response.once('close', () => stop.abort());
  try {
    await answer(JSON.parse(await text(request)), response, stop.signal);
  } catch (error) {
    if (!response.headersSent)
      response.writeHead(500).end(JSON.stringify({ error: { message: String(error) } }));
    else response.destroy();
  }
});

async function answer({ messages, max_completion_tokens: maxTokens }, response, signal) {
  const [system, user] = messages.map(({ content }) => content);
  await sequence.clearHistory();
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: system });
  const send = (document) => response.write(`data: ${JSON.stringify(document)}\n\n`);
  const choice = (delta, finish_reason = null) => send({ choices: [{ index: 0, delta, finish_reason }] });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let completion = 0;
  await session.prompt(user, {
    ...{ maxTokens, signal, temperature: 0 },
    // So small a model repeats its last sentence until its tokens are spent.
    repeatPenalty: { lastTokens: 128, penalty: 1.2, penalizeNewLine: false },
    onToken: (tokens) => {
      completion += tokens.length;
    },
    onTextChunk: (content) => choice({ content }),
  });
  choice({}, 'stop');
  const prompt = model.tokenize(system + user).length;
  send({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion } });
  response.end('data: [DONE]\n\n');
  session.dispose();
}

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
// Its parent is gone when its input ends.
process.stdin.resume().once('end', () => process.exit(0));
