import { z } from 'zod';

/** Without the ids, by which OpenAPI names its parts: a tool's schema stands alone, and not every assistant follows references. */
class Unnamed extends z.core.$ZodRegistry<z.core.GlobalMeta> {
  override get<S extends z.core.$ZodType>(schema: S) {
    const found = z.globalRegistry.get(schema);
    return found && Object.assign({}, found, { id: undefined });
  }
}

const unnamed = new Unnamed();

export type ObjectSchema = { type: 'object' } & Record<string, unknown>;

/** @param io as it is sent, or as it comes: with its defaults */
export function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    ...{ target: 'draft-7', io, metadata: unnamed },
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      // Not every program that reads schemas knows these classes; what is sent is checked here in any case.
      if (jsonSchema.pattern?.includes('\\p{')) delete jsonSchema.pattern;
    },
  });
  return { ...json, type: 'object' };
}
