import { describe, expect, test } from '@jest/globals';
import {
  importsIn,
  type SourceFile,
  type SourceImport,
  sourcesIn,
  withoutComments,
} from '../helpers/source-imports.ts';

const product = await sourcesIn(['client', 'workflows', 'activities', 'workers']);
const everything = [...product, ...(await sourcesIn(['test', 'samples', 'scripts']))];
const byPath = new Map(everything.map((file) => [file.path, file]));

/** What a file of a layer may import: paths by their beginning, packages by their name. */
interface Layer {
  readonly name: string;
  readonly holds: RegExp;
  /** At run time. */
  readonly may: readonly RegExp[];
  /** As types only, beside what it may at run time. */
  readonly mayTypes: readonly RegExp[];
}

const anyPackage =
  /^(?!client\/|workflows\/|activities\/|workers\/|test\/|samples\/|scripts\/|package\.json)/;
const stageFile = /^activities\/[a-z-]+\.ts$/;
const contract = /^workflows\/([a-z]+-)?contract\.ts$/;
const errors = /^activities\/errors\.ts$/;
const naming = /^activities\/naming\.ts$/;
/** Of processes: where their entries lie, how they give way, and what they keep. */
const processes = /^activities\/(sibling-module|lower-priority|lean-heap)\.ts$/;
const text = /^activities\/text\//;
const ports = /^activities\/ports\//;
const retrieval = /^activities\/retrieval\//;
const sources = /^activities\/sources\//;
const cache = /^activities\/cache\//;
const dashboard = /^client\/dashboard\//;

/** The first layer that holds a file is its own. */
const layers: readonly Layer[] = [
  {
    name: 'workflows',
    holds: /^workflows\//,
    may: [
      /^workflows\//,
      /^@temporalio\/(workflow|common)$/,
      /^@opentelemetry\/api$/,
      /^@temporalio\/interceptors-opentelemetry-v2\/lib\/workflow\//,
      /^zod$/,
    ],
    mayTypes: [/^activities\//],
  },
  // Pure functions; the codes of the registry are data, and the ports give them their types.
  { name: 'text', holds: text, may: [text, errors], mayTypes: [ports] },
  { name: 'ports', holds: ports, may: [], mayTypes: [ports] },
  { name: 'sources', holds: sources, may: [sources, errors, /^node:/], mayTypes: [] },
  // What a search does with what the stores give: nearly all of it pure.
  {
    name: 'retrieval',
    holds: retrieval,
    may: [retrieval, text, naming, errors],
    mayTypes: [ports, contract],
  },
  { name: 'cache', holds: cache, may: [cache, ports, text, contract, errors, anyPackage], mayTypes: [] },
  {
    name: 'adapters',
    holds: /^activities\/adapters\//,
    may: [/^activities\/adapters\//, ports, text, errors, naming, sources, processes, anyPackage],
    mayTypes: [],
  },
  {
    name: 'stages',
    holds: stageFile,
    may: [stageFile, ports, text, sources, retrieval, cache, contract, anyPackage],
    mayTypes: [],
  },
  // It runs in a browser: of the server it knows only what passes between them, and no code of it.
  {
    name: 'dashboard',
    holds: dashboard,
    may: [dashboard, /^preact(\/hooks)?$/, /^@preact\/signals$/],
    mayTypes: [/^client\/http\/contract\.ts$/, contract, /^workflows\/filter-contract\.ts$/, /^zod$/],
  },
  {
    name: 'client',
    holds: /^client\//,
    may: [/^client\/(?!dashboard\/)/, contract, errors, processes, anyPackage],
    mayTypes: [],
  },
  {
    name: 'workers',
    holds: /^workers\//,
    may: [/^(client|workflows|activities|workers)\//, anyPackage],
    mayTypes: [],
  },
];

describe('imports go one way', () => {
  test.each(layers)('in $name', (layer) => {
    const files = product.filter((file) => layerOf(file)?.name === layer.name);
    expect(files).not.toEqual([]);
    expect(
      files.flatMap((file) => file.imports.filter((each) => !isAllowed(layer, each)).map(told(file))),
    ).toEqual([]);
  });

  test('in every file of the product', () => {
    expect(product.filter((file) => !layerOf(file)).map((file) => file.path)).toEqual([]);
  });

  test('and lead to files that are there', () => {
    const own = /^(client|workflows|activities|workers)\//;
    const lost = (each: SourceImport): boolean => own.test(each.target) && !byPath.has(each.target);
    expect(product.flatMap((file) => file.imports.filter(lost).map(told(file)))).toEqual([]);
  });

  test('and never from the product to its tests', () => {
    const tests = (each: SourceImport): boolean => /^(test|samples|scripts)\//.test(each.target);
    expect(product.flatMap((file) => file.imports.filter(tests).map(told(file)))).toEqual([]);
  });

  test('and never in a circle', () => {
    expect(product.flatMap(({ path }) => circleFrom(path) ?? [])).toEqual([]);
  });
});

describe('the client', () => {
  const reached = reachedFrom('client/index.ts');

  test.each([
    'onnxruntime',
    'onnxruntime-node',
    '@lancedb/lancedb',
    'tokenizers',
    '@temporalio/worker',
    'pdf-parse',
    '@qdrant/js-client-rest',
  ])('does not load %s', (name) => {
    expect([...reached].filter((target) => target === name || target.startsWith(`${name}/`))).toEqual([]);
  });

  test('loads what it needs', () => {
    expect(reached).toContain('@temporalio/client');
    expect(reached).toContain('workflows/contract.ts');
  });
});

describe('the workflow of a book', () => {
  const reached = reachedFrom('workflows/documents.ts');

  test('loads no schemas: they would be evaluated anew for each book', () => {
    expect([...reached].filter((target) => /^zod/.test(target) || contract.test(target))).toEqual([]);
  });

  test('loads what it needs', () => {
    expect(reached).toContain('workflows/policies.ts');
  });
});

describe('no file', () => {
  test('of the product is longer than 300 lines', () => {
    // Made by a program from the OpenAPI document.
    const written = product.filter(({ path }) => path !== 'client/http/schema.ts');
    const long = written.filter((file) => file.text.split('\n').length > 301);
    expect(long.map((file) => file.path)).toEqual([]);
  });

  test.each([
    ['an any', /(?:[:<|&(,]|\bas|=>)\s*any\b(?!\s*[:(])|\bany\[\]/],
    ['a comment that silences a checker', /@ts-(?:ignore|nocheck|expect-error)|biome-ignore|eslint-disable/],
    ['a cast by way of unknown', /\bas unknown as\b/],
    ['a test that runs alone', /\b(?:describe|test|it)\.only\b/],
  ])('has %s', (what, pattern) => {
    // The patterns stand in this file.
    const others = everything.filter((file) => file.path !== 'test/unit/architecture.test.ts');
    const code = (file: SourceFile): string =>
      what.includes('comment') ? file.text : withoutComments(file.text);
    const lines = others.flatMap((file) =>
      linesWith(code(file), pattern).map((line) => `${file.path}: ${line}`),
    );
    expect(lines).toEqual([]);
  });

  test('is called utils, or helpers', () => {
    expect(
      product.filter((file) => /(?:^|\/)(?:utils?|helpers?|misc|common)(?:\.|\/)/.test(file.path)),
    ).toEqual([]);
  });

  test('names a folder of the machine it was written on', () => {
    expect(
      everything
        .filter((file) => /['"`(\s]\/(?:work|root|home\/[a-z]+)\//.test(file.text))
        .map(({ path }) => path),
    ).toEqual([]);
  });
});

describe('the reader of imports', () => {
  test('finds every kind, and tells types from what is loaded', () => {
    const code = [
      "import a from 'a';",
      "import type { B } from 'b';",
      "import { type C, c } from 'c';",
      "import {\n  d,\n  type D,\n} from 'd';",
      "import 'e';",
      "export * from 'f';",
      "export type { G } from 'g';",
      "import * as h from 'h';",
      "type I = typeof import('i');",
      "  const j = await import('j');",
      "// import k from 'k';",
      "/* import l from 'l'; */",
      "export const m = 'm';",
      "import type, { n } from 'n';",
    ].join('\n');
    const found = importsIn(code).map(
      ({ target, typeOnly, lazy }) => `${target}${typeOnly ? ' type' : ''}${lazy ? ' lazy' : ''}`,
    );
    expect(found).toEqual(['a', 'b type', 'c', 'd', 'e', 'h', 'n', 'f', 'g type', 'i type lazy', 'j lazy']);
  });
});

function layerOf({ path }: SourceFile): Layer | undefined {
  return layers.find((layer) => layer.holds.test(path));
}

function isAllowed({ may, mayTypes }: Layer, { target, typeOnly }: SourceImport): boolean {
  return [...may, ...(typeOnly ? mayTypes : [])].some((pattern) => pattern.test(target));
}

function told({ path }: SourceFile): (found: SourceImport) => string {
  return ({ target, typeOnly }) => `${path} imports ${typeOnly ? 'types of ' : ''}${target}`;
}

/** Everything that is loaded with a file, packages too. */
function reachedFrom(path: string, reached = new Set<string>()): Set<string> {
  for (const { target, typeOnly, lazy } of byPath.get(path)?.imports ?? []) {
    if (typeOnly || lazy || reached.has(target)) continue;
    reached.add(target);
    reachedFrom(target, reached);
  }
  return reached;
}

function circleFrom(path: string): string[] | null {
  return reachedFrom(path).has(path) ? [`${path} imports itself by way of others`] : null;
}

function linesWith(code: string, pattern: RegExp): string[] {
  return code.split('\n').filter((line) => pattern.test(line));
}
