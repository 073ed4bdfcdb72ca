// Bundles the built programs into dist/programs/: hundreds of small files take a process two thirds of its start, and a heap
// full of their text. What is left out is loaded from node_modules as before.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './ensure-installed.mjs';

const dist = join(root, 'dist');
const out = join(dist, 'programs');
const modules = join(root, 'node_modules') + sep;
const temporalWorker = join(modules, '@temporalio/worker/lib');

/** `siblingModule` finds the bundle of a program by the name of its entry. */
const programs = [
  ...['client/cli/main', 'workers/supervisor/main', 'workers/worker-main'],
  ...['activities/adapters/documents/sandbox/child', 'activities/adapters/documents/sandbox/watchdog'],
  ...['activities/adapters/onnx/embed-thread', 'activities/adapters/lancedb/upkeep-child'],
];
/** The threads in which Temporal's worker runs workflows. */
const workflowThread = 'temporal-workflow-thread';

/** The one file of Temporal's bridge that knows where its native code lies. */
const bridgePlace = '@temporalio/core-bridge/common.js';

/** Native code, files that are read from beside a module, and what watches how modules are loaded. All are our own dependencies. */
const leftOut = [
  ...['onnxruntime', '@lancedb/lancedb', 'apache-arrow', 'tokenizers', '@hyzyla/pdfium', 'pdf-parse', 'pino'],
  ...['@aws-sdk/', '@fastify/static', '@fastify/swagger', '@fastify/swagger-ui', '@opentelemetry/'],
  ...['source-map', bridgePlace],
];
/** They name their place only in a comment, in what they complain of, or for what nobody here asks of them. */
const placeless = [
  ...['commander/lib/command.js', 'grpc-js/build/src/channelz.js', 'grpc-js/build/src/orca.js'],
  'worker/lib/workflow/workflow-worker-thread.js',
];

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Of each package that is inside: what it asks to be kept with it. */
const licences = new Map();

const bundle = await rolldown({
  input: {
    ...Object.fromEntries(programs.map((name) => [name.replaceAll('/', '-'), join(dist, `${name}.js`)])),
    [workflowThread]: join(temporalWorker, 'workflow/workflow-worker-thread.js'),
  },
  platform: 'node',
  plugins: [withoutBundler(), leaveOut(), keepPlaces()],
  onLog: (level, log) => level === 'warn' && process.stderr.write(`${log.message}\n`),
});
const keepNames = { function: true, class: true };
await bundle.write({
  ...{ dir: out, chunkFileNames: 'shared-[hash].js', comments: { legal: false } },
  minify: {
    ...{ compress: { target: 'es2023', keepNames }, mangle: { keepNames } },
    // V8 keeps text of one byte a character where it can.
    codegen: { removeWhitespace: true, asciiOnly: true },
  },
});
const texts = [...licences].sort(([one], [other]) => (one < other ? -1 : 1));
writeFileSync(
  join(out, 'LICENSES.txt'),
  texts.map(([name, text]) => `${name}\n\n${text.trim()}\n`).join('\n\n'),
);

/** Temporal's worker as it is where workflows are bundled already: without webpack, and with its thread among the programs. */
function withoutBundler() {
  const bundler = '\0without-bundler';
  const threadPool = join(temporalWorker, 'workflow/threaded-vm.js');
  const resolved = "require.resolve('./workflow-worker-thread')";
  const beside = `require('node:path').join(require('node:path').dirname(process.argv[1]), '${workflowThread}.js')`;
  return {
    name: 'without-bundler',
    resolveId: (source, importer) =>
      importer?.startsWith(temporalWorker) && source.endsWith('/bundler') ? bundler : null,
    load: (id) =>
      id !== bundler
        ? null
        : `const missing = () => { throw new Error('A bundle of the workflows is missing: the package is not whole.'); };
           module.exports = { bundleWorkflowCode: missing, WorkflowCodeBundler: missing, defaultWorkflowInterceptorModules: [] };`,
    transform(code, id) {
      if (id !== threadPool) return null;
      if (code.split(resolved).length !== 2) throw new Error(`${id} starts its thread in another way`);
      return code.replace(resolved, beside);
    },
  };
}

/** What is left out is loaded as the dependency of this package that it is, so it must be the very one that was asked for. */
function leaveOut() {
  const own = join(root, 'package.json');
  const isOf = (source, name) => source === name || source.startsWith(name.endsWith('/') ? name : `${name}/`);
  return {
    name: 'leave-out',
    async resolveId(given, importer) {
      const source = given === './common' && importer?.endsWith('core-bridge/index.js') ? bridgePlace : given;
      if (!importer || !leftOut.some((name) => isOf(source, name))) return null;
      if (!Object.keys(dependencies).some((name) => isOf(source, name)))
        throw new Error(`${source}, which ${importer} asks for, is no dependency of the package`);
      const [theirs, ours] = [await this.resolve(source, importer), await this.resolve(source, own)];
      if (theirs?.id !== ours?.id) throw new Error(`${importer} asks for another ${source} than the package`);
      return { id: source, external: true };
    },
  };
}

/** Our modules find their neighbours by `import.meta.url`: it stays the address that each had. */
function keepPlaces() {
  return {
    name: 'keep-places',
    transform(code, id) {
      // The bundler's own.
      if (id.startsWith('\0')) return null;
      if (id.startsWith(modules)) {
        noteLicence(id);
        if (!/\bimport\.meta\b|\b__dirname\b|\b__filename\b/.test(code)) return null;
        if (placeless.some((name) => id.endsWith(name))) return null;
        throw new Error(`${id} asks for its place: leave its package out`);
      }
      if (!code.includes('import.meta.url')) return null;
      const place = JSON.stringify(`../${relative(dist, id).split(sep).join('/')}`);
      return code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`);
    },
  };
}

function noteLicence(id) {
  const parts = id.split(sep);
  const at = parts.lastIndexOf('node_modules') + 1;
  const end = at + (parts[at].startsWith('@') ? 2 : 1);
  const folder = parts.slice(0, end).join(sep);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const name = `${parts.slice(at, end).join('/')} ${version}`;
  if (licences.has(name)) return;
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  licences.set(name, file ? readFileSync(join(folder, file), 'utf8') : `${license}`);
}
