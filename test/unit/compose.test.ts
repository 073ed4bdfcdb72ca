import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { loadConfig, settingRules } from '../../workers/config.ts';
import {
  configsAreDeclared,
  dependenciesCanBeMet,
  imagesArePinned,
  libraryIsReadOnly,
  longRunningServicesHaveHealthChecks,
  parseCompose,
  portsAreOnLoopback,
  type Rule,
  requiredVariablesAreRequired,
  secretsComeFromOutside,
  temporalPartsAreOfOneVersion,
  volumesAreDeclared,
  workersAreGivenTimeToStop,
  workersScaleOut,
  workflowsAreKeptForThirtyDays,
} from '../helpers/compose-rules.ts';

/** A use of an environment variable, as the compose file writes it. */
const variable = (use: string) => `\${${use}}`;

/** Each rule with an edit of the file that breaks it, and what it then says. */
const cases: readonly (readonly [string, Rule, readonly [string, string], string])[] = [
  [
    'every image is pinned',
    imagesArePinned,
    ['qdrant:v1.18.2', 'qdrant:latest'],
    'qdrant: image qdrant/qdrant:latest is not pinned',
  ],
  [
    'every image has a tag',
    imagesArePinned,
    ['temporalio/ui:2.54.1', 'temporalio/ui'],
    'temporal-ui: image temporalio/ui is not pinned',
  ],
  [
    'every port is on loopback',
    portsAreOnLoopback,
    [`127.0.0.1:${variable('QDRANT_PORT:-6333')}`, '6333'],
    'qdrant: port 6333:6333 is open to others',
  ],
  [
    'every long-running service has a health check',
    longRunningServicesHaveHealthChecks,
    ['    restart: on-failure:5', '    restart: unless-stopped'],
    'temporal-schema: no health check',
  ],
  [
    'no secret stands in the file',
    secretsComeFromOutside,
    [
      `SQL_PASSWORD: ${variable("POSTGRES_PASSWORD:?set it to a password of your own for Temporal's database")}`,
      'SQL_PASSWORD: temporal',
    ],
    'temporal-schema: SQL_PASSWORD holds a secret',
  ],
  [
    'no secret has a default',
    secretsComeFromOutside,
    [
      variable('QDRANT_API_KEY:?set it to a key of your own for Qdrant'),
      variable('QDRANT_API_KEY:-changeme'),
    ],
    'qdrant: QDRANT__SERVICE__API_KEY holds a secret',
  ],
  [
    'required variables stop the start, with a message',
    requiredVariablesAreRequired,
    [
      variable('SCRIPTORIUM_LIBRARY:?set it to the folder that holds your books'),
      variable('SCRIPTORIUM_LIBRARY:-/srv'),
    ],
    'SCRIPTORIUM_LIBRARY may be left out unnoticed',
  ],
  [
    'no variable is empty by accident',
    requiredVariablesAreRequired,
    [variable('OPENAI_MODEL:-'), variable('OPENAI_MODEL')],
    'OPENAI_MODEL may be left out unnoticed',
  ],
  [
    'volumes are declared',
    volumesAreDeclared,
    ['"postgresql-data:', '"postgres-data:'],
    'volume postgres-data is not declared',
  ],
  [
    'declared volumes are used',
    volumesAreDeclared,
    ['      - qdrant-snapshots:/qdrant/snapshots\n', ''],
    'volume qdrant-snapshots is not used',
  ],
  [
    'configs are declared',
    configsAreDeclared,
    ['source: temporal-dynamic-config', 'source: dynamic-config'],
    'temporal: config dynamic-config is missing',
  ],
  [
    'services wait for services that exist',
    dependenciesCanBeMet,
    ['      postgresql: {', '      postgres: {'],
    'temporal-schema: waits for postgres, which does not exist',
  ],
  [
    'services wait for what can happen',
    dependenciesCanBeMet,
    [
      'temporal-schema: { condition: service_completed_successfully',
      'temporal-schema: { condition: service_healthy',
    ],
    'temporal: waits for temporal-schema to be service_healthy, which it never is',
  ],
  [
    'workers scale out',
    workersScaleOut,
    ['    image: scriptorium-worker:', '    container_name: worker\n    image: scriptorium-worker:'],
    'only one of the workers can start',
  ],
  [
    'workers are given time to stop',
    workersAreGivenTimeToStop,
    ['stop_grace_period: 90s', 'stop_grace_period: 30s'],
    'workers are killed before their grace is over',
  ],
  [
    'the library is read-only',
    libraryIsReadOnly,
    ['        read_only: true\n', ''],
    'the library is not mounted for reading only, as the one library root',
  ],
  [
    'the schema is that of the server',
    temporalPartsAreOfOneVersion,
    ['temporalio/server:1.32.0', 'temporalio/server:1.31.0'],
    'the schema is not that of the server',
  ],
  [
    'closed workflows are kept for 30 days',
    workflowsAreKeptForThirtyDays,
    ['create --namespace scriptorium --retention 720h', 'create --namespace scriptorium'],
    'retention is not 720h',
  ],
];

const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');
const packageSchema = z.object({ version: z.string(), dependencies: z.object({ node: z.string() }) });

let text: string;
let dockerfile: string;
let manifest: z.infer<typeof packageSchema>;

beforeAll(async () => {
  text = await read('docker-compose.temporal.yml');
  dockerfile = await read('Dockerfile');
  manifest = packageSchema.parse(JSON.parse(await read('package.json')));
});

describe('docker-compose.temporal.yml', () => {
  test.each(cases)('%s', (_, rule) => {
    expect(rule(parseCompose(text), text)).toEqual([]);
  });

  test.each(cases)('the rule that %s can fail', (_, rule, [from, to], problem) => {
    const broken = text.replace(from, () => to);
    expect(broken).not.toBe(text);
    expect(rule(parseCompose(broken), broken)).toContain(problem);
  });

  test('is refused by the schema when a key is misspelt or a limit is missing', () => {
    expect(() => parseCompose(text.replace('healthcheck:', 'health_check:'))).toThrow(/health_check/);
    expect(() => parseCompose(text.replace(/ {4}deploy:.*\n/, ''))).toThrow(/deploy/);
  });

  test('hands every setting to the workers that they can use there', () => {
    // Artifacts are in a volume, the containers have no GPU, and another service serves HTTP.
    const elsewhere = /^(SCRIPTORIUM_(ARTIFACTS|S3|HTTP|DEVICE)|AWS_)/;
    const given = Object.keys(parseCompose(text).services.workers?.environment ?? {});
    const settings = Object.keys(settingRules).filter((name) => !elsewhere.test(name));
    expect(settings.filter((name) => !given.includes(name))).toEqual([]);
    const empty = Object.fromEntries(settings.map((name) => [name, '']));
    expect(() => loadConfig(empty)).not.toThrow();
  });

  test('hands on where traces go, and how', async () => {
    const given = Object.keys(parseCompose(text).services.workers?.environment ?? {});
    const documented = [...(await read('docs/operations.md')).matchAll(/^\| `(OTEL_\w+)` \|/gm)].map(
      ([, name]) => name,
    );
    expect(documented.length).toBeGreaterThan(5);
    const all = [
      ...documented,
      'OTEL_EXPORTER_OTLP_HEADERS',
      'OTEL_TRACES_SAMPLER',
      'OTEL_RESOURCE_ATTRIBUTES',
    ];
    expect(all.filter((name = '') => !given.includes(name))).toEqual([]);
  });

  test('serves HTTP by a service that is started when it is asked for, with what the workers have', () => {
    const { workers, http } = parseCompose(text).services;
    expect(http).toMatchObject({
      profiles: ['http'],
      command: ['scriptorium', 'serve'],
      image: workers?.image,
    });
    expect(http?.environment).toMatchObject(workers?.environment ?? {});
    const given = Object.keys(http?.environment ?? {});
    const settings = Object.keys(settingRules).filter((name) => name.startsWith('SCRIPTORIUM_HTTP'));
    expect(settings.filter((name) => !given.includes(name))).toEqual([]);
  });

  test('builds the worker image under the version of the package', () => {
    expect(parseCompose(text).services.workers?.image).toBe(`scriptorium-worker:${manifest.version}`);
  });
});

describe('Dockerfile', () => {
  test('is based on the very Node version that the package names', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, stage]) => stage);
    const foreign = bases.filter((base) => !stages.includes(base));
    expect(foreign).toEqual([`node:${manifest.dependencies.node}-bookworm-slim`]);
  });

  test('runs workers as a user without rights, under an init, with a health check', () => {
    const runtime = dockerfile.slice(dockerfile.indexOf(' AS runtime'));
    expect([...runtime.matchAll(/^USER (\S+)/gm)].map(([, user]) => user)).toEqual(['scriptorium']);
    expect(runtime).toMatch(/^ENTRYPOINT \["tini", "--"\]$/m);
    expect(runtime).toMatch(/^CMD \["scriptorium", "worker"\]$/m);
    expect(runtime).toMatch(/^HEALTHCHECK .*CMD \["scriptorium", "status"\]$/m);
  });

  test('copies nothing from the context that .dockerignore keeps out', async () => {
    const kept = [...(await read('.dockerignore')).matchAll(/^!(.+)$/gm)].map(([, path]) => path);
    const lines = [...dockerfile.matchAll(/^COPY (?!.*(?:--from|<<))(?:--\S+ )*(.+) \S+$/gm)];
    const copied = lines.flatMap(([, sources = '']) => sources.split(' '));
    expect(copied.length).toBeGreaterThan(0);
    expect(copied.filter((path) => !kept.some((one) => path === one || path.startsWith(`${one}/`)))).toEqual(
      [],
    );
  });
});
