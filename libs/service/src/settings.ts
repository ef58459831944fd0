import { z } from 'zod';

/** One setting: its schema over the environment's string, a default as the environment would say it, what it means. */
export interface Setting<Value> {
  readonly schema: z.ZodType<Value, string>;
  readonly default?: string;
  readonly meaning: string;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type SettingsOf<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer Value> ? Value : never;
};

/** What every process injects its parsed settings by. */
export const SETTINGS = Symbol('settings');

export function setting<Value>(schema: z.ZodType<Value, string>, meaning: string, byDefault?: string): Setting<Value> {
  return byDefault === undefined ? { schema, meaning } : { schema, meaning, default: byDefault };
}

/** An integer from `min` to `max`. */
export function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
}

export const text = z.string().min(1);

export const list = text.transform((value) => value.split(',').map((part) => part.trim()));

export class InvalidSettings extends Error {}

/**
 * Parses the environment once.
 * @throws InvalidSettings naming each bad or missing key, never its value (it may be a secret).
 */
export function readSettings<S extends Settings>(
  settings: S,
  environment: NodeJS.ProcessEnv = process.env,
): SettingsOf<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, default: byDefault, meaning }] of Object.entries(settings)) {
    const given = environment[name] === '' ? undefined : environment[name];
    const raw = given ?? byDefault;
    if (raw === undefined) {
      problems.push(`${name} is missing (${meaning})`);
      continue;
    }
    const parsed = schema.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(
        `${name} is not valid: ${parsed.error.issues.map((issue) => issue.message).join('; ')} (${meaning})`,
      );
  }
  if (problems.length > 0) throw new InvalidSettings(problems.join('\n'));
  return values as SettingsOf<S>;
}

/** What every process reads. */
export const processSettings = {
  HOST: setting(text, 'address to listen on', '127.0.0.1'),
  PORT: setting(integer(0, 65_535), 'port to listen on'),
  INSTANCE_ID: setting(
    text,
    'unique name of this process among the replicas',
    `${process.pid}-${Date.now().toString(36)}`,
  ),
  SHUTDOWN_MS: setting(integer(0, 60_000), 'longest time to finish open work on shutdown, ms', '8000'),
} as const satisfies Settings;

/** What every process with a schema of its own reads. */
export const databaseSettings = {
  DATABASE_URL: setting(z.url({ protocol: /^postgres(ql)?$/ }), "PostgreSQL URL with the service's own role"),
  DATABASE_POOL: setting(integer(2, 100), 'most connections of this process', '10'),
} as const satisfies Settings;
