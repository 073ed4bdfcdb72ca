import { parse } from 'yaml';
import { z } from 'zod';

const duration = z.string().regex(/^\d+[smh]$/);

const serviceSchema = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string() }).optional(),
  container_name: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  restart: z.union([z.literal('unless-stopped'), z.string().regex(/^on-failure:\d+$/)]),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }),
    )
    .default({}),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z
    .array(
      z.union([
        z.string().regex(/^[a-z-]+:\/.+$/),
        z.strictObject({
          type: z.literal('bind'),
          source: z.string(),
          target: z.string(),
          read_only: z.boolean().default(false),
          bind: z.strictObject({ create_host_path: z.boolean() }),
        }),
      ]),
    )
    .default([]),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string() })).default([]),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD')]).rest(z.string()),
      interval: duration,
      timeout: duration,
      retries: z.int().positive(),
      start_period: duration,
    })
    .optional(),
  deploy: z.strictObject({
    resources: z.strictObject({
      limits: z.strictObject({ cpus: z.string().min(1), memory: z.string().regex(/^\d+[mg]$/) }),
    }),
  }),
  stop_grace_period: duration.optional(),
  shm_size: z.string().optional(),
  ulimits: z.record(z.string(), z.strictObject({ soft: z.int(), hard: z.int() })).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
});

const composeSchema = z.strictObject({
  name: z.string(),
  'x-logging': z.unknown(),
  services: z.record(z.string(), serviceSchema),
  configs: z.record(z.string(), z.strictObject({ content: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

export type Compose = z.infer<typeof composeSchema>;
type Service = Compose['services'][string];

/**
 * The compose file as an object.
 * @throws ZodError that names the key which the schema does not know, or misses
 */
export function parseCompose(text: string): Compose {
  return composeSchema.parse(parse(text, { merge: true }));
}

/** What is wrong with a stack, one line each. `text` is the file as it is written, before interpolation. */
export type Rule = (compose: Compose, text: string) => readonly string[];

function problems(
  compose: Compose,
  find: (service: Service, name: string) => readonly string[],
): readonly string[] {
  return Object.entries(compose.services).flatMap(([name, service]) =>
    find(service, name).map((problem) => `${name}: ${problem}`),
  );
}

export const imagesArePinned: Rule = (compose) =>
  problems(compose, ({ image }) =>
    /:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$/.test(image) ? [] : [`image ${image} is not pinned`],
  );

export const portsAreOnLoopback: Rule = (compose) =>
  problems(compose, ({ ports }) =>
    ports.filter((port) => !port.startsWith('127.0.0.1:')).map((port) => `port ${port} is open to others`),
  );

export const longRunningServicesHaveHealthChecks: Rule = (compose) =>
  problems(compose, ({ restart, healthcheck }) =>
    restart === 'unless-stopped' && healthcheck === undefined ? ['no health check'] : [],
  );

export const secretsComeFromOutside: Rule = (compose) =>
  problems(compose, ({ environment }) =>
    Object.entries(environment)
      .filter(
        ([key, value]) => /(PASSWORD|PWD|KEY|SECRET|TOKEN)$/.test(key) && !/^\$\{\w+:(\?.+|-)\}$/.test(value),
      )
      .map(([key]) => `${key} holds a secret`),
  );

/** Variables without which nothing may start. */
const requiredVariables = ['POSTGRES_PASSWORD', 'QDRANT_API_KEY', 'SCRIPTORIUM_LIBRARY'];

export const requiredVariablesAreRequired: Rule = (_, text) => {
  const uses = [...withoutComments(text).matchAll(/\$\{(\w+)([^}]*)\}/g)].map(([, name = '', rest = '']) => ({
    name,
    rest,
  }));
  const missing = requiredVariables.filter((name) => !uses.some((use) => use.name === name));
  const optional = uses.filter(
    ({ name, rest }) => requiredVariables.includes(name) && !/^:\?.{10,}/.test(rest),
  );
  const bare = uses.filter(({ rest }) => !/^:[?-]/.test(rest));
  return [...missing, ...[...optional, ...bare].map(({ name }) => name)].map(
    (name) => `${name} may be left out unnoticed`,
  );
};

export const volumesAreDeclared: Rule = (compose) => {
  const used = Object.values(compose.services).flatMap(({ volumes }) =>
    volumes.flatMap((volume) => (typeof volume === 'string' ? [volume.split(':')[0] ?? ''] : [])),
  );
  const declared = Object.keys(compose.volumes);
  return [
    ...used.filter((name) => !declared.includes(name)).map((name) => `volume ${name} is not declared`),
    ...declared.filter((name) => !used.includes(name)).map((name) => `volume ${name} is not used`),
  ];
};

export const configsAreDeclared: Rule = (compose) =>
  problems(compose, ({ configs }) =>
    configs
      .filter(({ source }) => !Object.hasOwn(compose.configs, source))
      .map(({ source }) => `config ${source} is missing`),
  );

export const dependenciesCanBeMet: Rule = (compose) =>
  problems(compose, ({ depends_on }) =>
    Object.entries(depends_on).flatMap(([name, { condition }]) => {
      const target = compose.services[name];
      if (target === undefined) return [`waits for ${name}, which does not exist`];
      const met =
        condition === 'service_healthy'
          ? target.healthcheck !== undefined
          : target.restart !== 'unless-stopped';
      return met ? [] : [`waits for ${name} to be ${condition}, which it never is`];
    }),
  );

export const workersScaleOut: Rule = ({ services: { workers } }) => {
  if (workers === undefined) return ['there are no workers'];
  return workers.container_name === undefined && workers.ports.length === 0
    ? []
    : ['only one of the workers can start'];
};

export const workersAreGivenTimeToStop: Rule = ({ services: { workers } }) => {
  const graceS = Number(workers?.environment.SCRIPTORIUM_GRACE_S);
  return Number.parseInt(workers?.stop_grace_period ?? '10s', 10) > graceS
    ? []
    : ['workers are killed before their grace is over'];
};

export const libraryIsReadOnly: Rule = ({ services: { workers } }) => {
  const library = workers?.volumes.find(
    (volume) => typeof volume === 'object' && volume.target === '/library',
  );
  const mounted = typeof library === 'object' && library.read_only && !library.bind.create_host_path;
  const roots = workers?.environment.SCRIPTORIUM_LIBRARY_ROOTS;
  return mounted && roots === '/library'
    ? []
    : ['the library is not mounted for reading only, as the one library root'];
};

export const temporalPartsAreOfOneVersion: Rule = ({ services }) => {
  const names = ['temporal', 'temporal-schema', 'temporal-namespace'];
  const versions = new Set(names.map((name) => services[name]?.image.split(':')[1]));
  return versions.size === 1 ? [] : ['the schema is not that of the server'];
};

export const workflowsAreKeptForThirtyDays: Rule = ({ services }) => {
  const script = services['temporal-namespace']?.command?.join('\n') ?? '';
  const commands = [...script.matchAll(/namespace (?:create|update) .*--retention (\w+)/g)].map(
    ([, retention]) => retention,
  );
  return commands.length === 2 && commands.every((retention) => retention === '720h')
    ? []
    : ['retention is not 720h'];
};

function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '');
}
