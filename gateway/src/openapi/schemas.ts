import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/** Collects the named schemas of a document; every other schema is written where it is used. */
export class Schemas {
  readonly components: Record<string, JsonSchema> = {};

  /** A schema as JSON Schema draft 2020-12, which OpenAPI 3.1 speaks. `io`: as it is sent, or as it is answered. */
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const written = z.toJSONSchema(schema, {
      target: 'draft-2020-12',
      io,
      reused: 'inline',
      override: ({ jsonSchema }) => {
        // Answers may get new members in any release: their schemas stay open.
        if (io === 'output') delete jsonSchema.additionalProperties;
      },
    }) as JsonSchema;
    const { $defs = {}, $schema: _, ...rest } = written as JsonSchema & { $defs?: Record<string, JsonSchema> };
    for (const [name, definition] of Object.entries($defs)) this.keep(name, definition);
    const { id, ...inline } = rest as JsonSchema & { id?: string };
    if (id === undefined) return relocated(inline) as JsonSchema;
    this.keep(id, inline);
    return reference(id);
  }

  private keep(name: string, definition: JsonSchema): void {
    const { id: _, ...rest } = definition;
    const written = relocated(rest) as JsonSchema;
    const kept = (this.components[name] ??= written);
    if (JSON.stringify(kept) !== JSON.stringify(written)) throw new Error(`two schemas have the name ${name}`);
  }
}

export function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** zod refers to `#/$defs/X`; in the document they are components. */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (name === '$ref' && typeof member === 'string')
        return [name, member.replace('#/$defs/', '#/components/schemas/')];
      return [name, relocated(member)];
    }),
  );
}
