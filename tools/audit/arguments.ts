import { parseArgs } from 'node:util';
import { auditor, localPostgresPort, urlOf } from '../../local/src/roles.js';
import type { AuditOptions } from './audit.js';

export interface AuditArguments extends Pick<AuditOptions, 'atRest' | 'rooms'> {
  readonly databaseUrl: string;
  readonly json: boolean;
  /** Looks again and again, this long after each look, and serves what it found. */
  readonly watch: { readonly seconds: number; readonly host: string; readonly port: number } | null;
}

export class UnusableArguments extends Error {}

export const usage = `usage: npm run audit [-- --at-rest] [-- --json] [-- --watch <seconds> [--port <n>]]
  AUDIT_DATABASE_URL       default: the database of npm start, by the role ${auditor}
  QUEUE_ACTIVATION_BATCH   those of the queue service; default as there
  QUEUE_TICK_MS
  HOST                     address that --watch listens on; default 127.0.0.1`;

/**
 * Reads the command line and what it needs of the environment.
 * @throws UnusableArguments naming what is wrong
 */
export function readAuditArguments(args: readonly string[], environment: NodeJS.ProcessEnv): AuditArguments {
  const { values } = parse(args);
  if (values.port !== undefined && values.watch === undefined) throw new UnusableArguments('--port needs --watch');
  return {
    atRest: values['at-rest'],
    json: values.json,
    databaseUrl: environment.AUDIT_DATABASE_URL || localDatabase(environment),
    rooms: {
      ...(environment.QUEUE_ACTIVATION_BATCH && {
        activationBatch: whole('QUEUE_ACTIVATION_BATCH', environment.QUEUE_ACTIVATION_BATCH, 100_000),
      }),
      ...(environment.QUEUE_TICK_MS && { tickMs: whole('QUEUE_TICK_MS', environment.QUEUE_TICK_MS, 3_600_000) }),
    },
    watch:
      values.watch === undefined
        ? null
        : {
            seconds: whole('--watch', values.watch, 86_400),
            host: environment.HOST || '127.0.0.1',
            port: whole('--port', values.port ?? '3005', 65_535),
          },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'at-rest': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        watch: { type: 'string' },
        port: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UnusableArguments(error instanceof Error ? error.message : String(error));
  }
}

/** Not from the launcher's settings: their folder is not in the image, and this runs there. */
function localDatabase({ LOCAL_POSTGRES_PORT, ...environment }: NodeJS.ProcessEnv): string {
  const postgresPort = whole('LOCAL_POSTGRES_PORT', LOCAL_POSTGRES_PORT || String(localPostgresPort), 65_000);
  return urlOf(auditor, `postgres://127.0.0.1:${postgresPort}/postgres`, environment);
}

function whole(name: string, text: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new UnusableArguments(`${name} must be a whole number from 1 to ${most}`);
  return value;
}
