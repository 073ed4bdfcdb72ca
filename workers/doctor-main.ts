/** Entry of what `scriptorium doctor` asks of the code of the workers: prints a list of checks as JSON. */
import {
  EndpointEmbedder,
  type EndpointEmbedderOptions,
} from '../activities/adapters/endpoint/endpoint-embedder.ts';
import { errorRegistry, toScriptoriumError } from '../activities/errors.ts';
import { type Check, ok, skipped, wrong } from '../client/cli/doctor/check.ts';
import { artifactPlace, openArtifacts, probeArtifacts } from './artifacts.ts';
import { presentAsset } from './assets/find-asset.ts';
import { type Asset, modelAsset, temporalAsset, tokenizerAsset } from './assets/manifest.ts';
import { type Config, loadConfig } from './config.ts';
import { deviceCheck } from './device-check.ts';
import { prefixTokens, requireRoom } from './local-embedder.ts';
import { findLocalModel } from './model/local-model.ts';
import { chosenVariant } from './model/model-choice.ts';

const PROBE_TIMEOUT_MS = 5_000;

// What stands below is functions alone: they are there already.
process.stdout.write(JSON.stringify(await workerSide()));

async function workerSide(): Promise<readonly Check[]> {
  try {
    return await checksOf(loadConfig());
  } catch (error) {
    const others = ['model', 'tokenizer', 'device', 'artifacts', 'answer model'].map((name) =>
      skipped(name, 'needs the settings'),
    );
    return [failed('settings', error), ...others];
  }
}

async function checksOf(config: Config): Promise<readonly Check[]> {
  const server = config.temporalAddress === null ? temporalAsset() : null;
  const files = await Promise.all([
    ...(await embeddingChecks(config)),
    ...(server ? [assetCheck(server, config)] : []),
  ]);
  const artifacts = await artifactsCheck(config);
  const store = config.store.kind === 'qdrant' ? `Qdrant at ${config.store.url}` : 'LanceDB';
  return [
    ok('settings', `valid; the store is ${store}`),
    ...files,
    artifacts,
    await answerModelCheck(config),
  ];
}

async function embeddingChecks(config: Config): Promise<readonly Promise<Check>[]> {
  const { endpoint, folder } = config.embedding;
  if (endpoint) return [embeddingEndpointCheck(endpoint), assetCheck(tokenizerAsset, config)];
  if (folder) return [modelFolderCheck(config, folder.path), deviceCheck(config)];
  const model = (await chosenVariant(config))?.asset ?? modelAsset;
  return [assetCheck(model, config), assetCheck(tokenizerAsset, config), deviceCheck(config)];
}

/** Its files alone: a worker that can't load them says so when it starts. */
async function modelFolderCheck({ embedding, chunking, home, env }: Config, path: string): Promise<Check> {
  try {
    const finding = { cacheFolder: home.cache, env };
    const model = await findLocalModel({ embedding, home, env }, finding);
    requireRoom(chunking, model.maxTokens - (await prefixTokens(model)));
    const { name, modelPath, pooling, maxTokens, prefixes } = model;
    const words = Object.entries(prefixes).flatMap(([kind, prefix]) =>
      prefix === '' ? [] : [`${JSON.stringify(prefix)} before a ${kind}`],
    );
    const uses = [`texts of ${maxTokens} tokens`, `pooled by ${pooling}`, ...words];
    return ok('model', `${name} of ${path}, ${uses.join(', ')}; file ${modelPath}`);
  } catch (error) {
    return failed('model', error);
  }
}

async function assetCheck(asset: Asset, { home, env }: Config): Promise<Check> {
  const name =
    asset.name === 'temporal' ? 'temporal file' : asset.name === 'tokenizer' ? 'tokenizer' : 'model';
  try {
    const path = await presentAsset(asset, { cacheFolder: home.cache, env });
    if (path !== null) {
      // Of what is named or on PATH nobody knows the version.
      const version = path.startsWith(home.cache) ? ` ${asset.version}` : '';
      return ok(name, `${asset.title}${version} at ${path}`);
    }
    const remedy = `It is fetched by \`scriptorium up\`; without a network, name a copy with ${asset.variable}.`;
    return wrong(name, `the ${asset.title} ${asset.version} is not there, or damaged`, remedy);
  } catch (error) {
    return failed(name, error);
  }
}

/** Writes, reads and drops a little: what the workers will do. */
async function artifactsCheck({ artifacts: settings }: Config): Promise<Check> {
  const place = artifactPlace(settings);
  try {
    await using opened = await openArtifacts(settings);
    await probeArtifacts(opened.artifacts);
    return ok('artifacts', `${place}, which can be written to`);
  } catch (error) {
    return failed('artifacts', error);
  }
}

/** Its list of models: costs nothing, and every server that speaks OpenAI's language has it. */
async function answerModelCheck({ answers }: Config): Promise<Check> {
  const name = 'answer model';
  if (!answers) return ok(name, 'not configured: answers are quoted from the books');
  const { baseUrl = 'https://api.openai.com/v1', apiKey, model } = answers;
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, '')}/models`, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403)
      return wrong(
        name,
        `${baseUrl} refuses the key (${response.status})`,
        remedyOf('ANSWER_MODEL_REJECTED'),
      );
    if (response.status >= 500)
      return wrong(name, `${baseUrl} answers ${response.status}`, remedyOf('ANSWER_MODEL_UNREACHABLE'));
    return ok(name, `${model} at ${baseUrl}, which answers`);
  } catch (error) {
    const detail = `${baseUrl} does not answer: ${toScriptoriumError(error).message}`;
    return wrong(name, detail, remedyOf('ANSWER_MODEL_UNREACHABLE'));
  }
}

/** One text is embedded: few servers say otherwise which models they have. */
async function embeddingEndpointCheck(options: EndpointEmbedderOptions): Promise<Check> {
  try {
    await using embedder = await EndpointEmbedder.open({
      ...options,
      timeoutMs: PROBE_TIMEOUT_MS,
      patienceMs: 0,
    });
    await embedder.embed(['probe'], { kind: 'question' });
    const { model, baseUrl = 'OpenAI' } = options;
    return ok('model', `${model} at ${baseUrl}, which gives vectors of ${embedder.dimensions} numbers`);
  } catch (error) {
    return failed('model', error);
  }
}

function remedyOf(code: 'ANSWER_MODEL_REJECTED' | 'ANSWER_MODEL_UNREACHABLE'): string {
  return errorRegistry[code].remedy;
}

function failed(name: string, error: unknown): Check {
  const { code, message, remedy } = toScriptoriumError(error);
  return wrong(name, `${code}: ${message}`, remedy);
}
