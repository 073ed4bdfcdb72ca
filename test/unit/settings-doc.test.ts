/** docs/operations.md tells of every environment variable what the code does with it; see the table of settings there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { errorRegistry } from '../../activities/errors.ts';
import { DEFAULT_NAMESPACE } from '../../client/stack-state.ts';
import { modelAsset, temporalAsset, tokenizerAsset, weightsAsset } from '../../workers/assets/manifest.ts';
import { settingRules } from '../../workers/config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');
const doc = textOf('docs', 'operations.md');

interface Row {
  readonly meaning: string;
  /** Unit and range, or the values that there are. */
  readonly values: string;
  readonly preset: string;
}

/** The table of settings, by variable. */
const rows = new Map<string, Row>();
for (const line of doc.split('\n')) {
  const [, name, meaning = '', values = '', preset = ''] =
    /^\| `([A-Z\d_]+\*?)` \| (.+?) \| (.+?) \| (.+?) \| .*\|$/.exec(line) ?? [];
  if (name === undefined) continue;
  if (rows.has(name)) throw new Error(`${name} is there twice`);
  rows.set(name, { meaning, values, preset });
}

const rules = Object.entries(settingRules);
const assets = [temporalAsset('linux', 'x64'), modelAsset, weightsAsset, tokenizerAsset].flatMap(
  (asset) => asset ?? [],
);

/** What its loader reads and does not hand on, or what Scriptorium has no use for. */
const withoutEffect = /^TEMPORAL_(CODEC_|TLS_DISABLE_HOST_VERIFICATION$)/;

/** What Temporal's own loader reads. */
function temporalVariables(): string[] {
  const loader = createRequire(import.meta.url).resolve('@temporalio/envconfig');
  const text = readFileSync(join(dirname(loader), 'envconfig-toml.js'), 'utf8');
  return [...text.matchAll(/'(TEMPORAL_\w+)'/g)]
    .map(([, name = '']) => (name.endsWith('_') ? `${name}*` : name))
    .filter((name) => !withoutEffect.test(name));
}

/** What the source reads from the environment by name. */
function namedInSource(): string[] {
  const folders = ['client', 'workflows', 'activities', 'workers'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => textOf(folder, name)),
  );
  return files.flatMap((text) => [...text.matchAll(/\benv\.([A-Z][A-Z\d_]+)/g)].map(([, name = '']) => name));
}

const known = new Set([
  ...rules.map(([name]) => name),
  ...assets.map(({ variable }) => variable),
  ...temporalVariables(),
  ...namedInSource().filter((name) => name !== 'PATH'),
  // Read by other people's code: Amazon's SDK, the memory allocator of the workers, Node.js, Temporal's server.
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'],
  ...['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_', 'MALLOC_MMAP_THRESHOLD_'],
  ...['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE'],
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'TEMPORAL_VERSION_CHECK_DISABLED',
]);

/** Defaults in words. */
const spoken = new Map<string, unknown>([
  ['none', undefined],
  ['cores', availableParallelism()],
  ['by cores and memory', undefined],
  ['32, on a GPU 256', undefined],
]);

function presetOf({ preset }: Row): unknown {
  if (spoken.has(preset)) return spoken.get(preset);
  return preset.startsWith('`') ? preset.replaceAll('`', '') : Number(preset);
}

/** Least and greatest value of a number; null when the setting is none. */
function rangeOf({ values }: Row): readonly [number, number] | null {
  const [, low = '', high = ''] = /([\d,]+) to ([\d,]+)$/.exec(values) ?? [];
  return low === '' ? null : [Number(low), Number(high.replaceAll(',', ''))];
}

/** The values that there are, where they are listed. */
function listedIn({ values }: Row): string[] {
  return [...values.matchAll(/`(\w+)`/g)].map(([, value = '']) => value);
}

function rowOf(name: string): Row {
  const row = rows.get(name);
  if (!row) throw new Error(`${name} is not in the table`);
  return row;
}

describe('the settings in docs/operations.md', () => {
  test('are all that the code reads, and no others', () => {
    expect([...rows.keys()].filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => !rows.has(name))).toEqual([]);
  });

  test.each(rules)('tell the default of %s', (name, rule) => {
    const preset = name === 'TEMPORAL_NAMESPACE' ? DEFAULT_NAMESPACE : rule.parse(undefined);
    expect(presetOf(rowOf(name))).toEqual(preset);
  });

  test.each(rules)('tell what %s may be', (name, rule) => {
    const { minimum, maximum, enum: values = [] } = z.toJSONSchema(rule);
    expect(rangeOf(rowOf(name))).toEqual(minimum === undefined ? null : [minimum, maximum]);
    expect(listedIn(rowOf(name))).toEqual(values);
  });

  test('are where the README has those that are asked for most', () => {
    const [, settings = ''] = textOf('README.md').split('## Settings');
    const names = settings.split('## In production')[0]?.match(/`([A-Z]+(?:_[A-Z\d]+)+)`/g) ?? [];
    expect(names.length).toBeGreaterThan(5);
    expect(names.map((name) => name.replaceAll('`', '')).filter((name) => !rows.has(name))).toEqual([]);
  });

  test('are told of by messages and remedies under the names that they have', () => {
    const remedies = Object.values(errorRegistry)
      .map(({ remedy }) => remedy)
      .join(' ');
    const names = remedies.match(/\b(?:SCRIPTORIUM|OPENAI|QDRANT|TEMPORAL)_\w+/g) ?? [];
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !rows.has(name))).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  const compose = textOf('docker-compose.temporal.yml');
  const composeVariables = new Set([...compose.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name));

  test('names every variable of the compose file', () => {
    const isNamed = (name: string) => rows.has(name) || doc.includes(`| \`${name}\` |`);
    expect([...composeVariables].filter((name) => !isNamed(name))).toEqual([]);
    const [, workers = ''] = compose.split(/\n {2}workers:.*\n/);
    const given = [...workers.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name = '']) => name);
    expect(given.length).toBeGreaterThan(5);
    expect(given.filter((name) => !isNamed(name))).toEqual([]);
  });

  test('names no variable and no code that there is not', () => {
    const named = [...doc.matchAll(/`([A-Z]+(?:_[A-Z\d]+)+)`/g)].map(([, name = '']) => name);
    expect(
      named.filter((name) => !rows.has(name) && !composeVariables.has(name) && !(name in errorRegistry)),
    ).toEqual([]);
  });

  test.each(assets)(
    'tells where $title comes from, and where it is kept',
    ({ name, version, fileName, variable, sources }) => {
      expect(doc).toContain(`| \`${name}-${version}/${fileName}\` | \`${variable}\` |`);
      for (const source of sources)
        if (source.kind === 'wheel') expect(doc).toContain(`\`${source.package}\` ${source.version}`);
    },
  );
});

describe('docs/architecture.md', () => {
  const page = textOf('docs', 'architecture.md');

  test('names files and folders that are there', () => {
    const named = [
      ...page.matchAll(/`((?:activities|client|docs|samples|test|workers|workflows)\/[\w./-]*)`/g),
    ];
    expect(named.length).toBeGreaterThan(50);
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('names tests that are there', () => {
    const proofs = [...page.matchAll(/`(test\/[\w./-]+)`: \*([^*]+)\*/g)];
    expect(proofs.length).toBeGreaterThan(20);
    const lost = proofs.filter(([, file = '', name = '']) => !textOf(file).includes(`'${name}'`));
    expect(lost.map(([proof]) => proof)).toEqual([]);
  });
});
