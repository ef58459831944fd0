import { describe, expect, it } from '@jest/globals';
import { readAuditArguments, UnusableArguments } from './arguments.js';

describe('the arguments of an audit', () => {
  it('lead to the database of npm start, by the role of the auditor, where nothing else is said', () => {
    expect(readAuditArguments([], {})).toEqual({
      databaseUrl: 'postgres://auditor:auditor@127.0.0.1:5433/postgres',
      atRest: false,
      json: false,
      rooms: {},
      watch: null,
    });
    const { databaseUrl } = readAuditArguments([], { LOCAL_POSTGRES_PORT: '6543', AUDITOR_DB_PASSWORD: 'p/w' });
    expect(databaseUrl).toBe('postgres://auditor:p%2Fw@127.0.0.1:6543/postgres');
  });

  it('say where, how and how often to look', () => {
    const environment = {
      AUDIT_DATABASE_URL: 'postgres://somewhere',
      QUEUE_TICK_MS: '500',
      QUEUE_ACTIVATION_BATCH: '7',
      HOST: '0.0.0.0',
    };
    const args = ['--at-rest', '--json', '--watch', '30', '--port', '3000'];
    expect(readAuditArguments(args, environment)).toEqual({
      databaseUrl: 'postgres://somewhere',
      atRest: true,
      json: true,
      rooms: { tickMs: 500, activationBatch: 7 },
      watch: { seconds: 30, host: '0.0.0.0', port: 3000 },
    });
  });

  it.each([
    [['--sometimes']],
    [['wallet']],
    [['--watch', 'often']],
    [['--watch', '0']],
    [['--watch']],
    [['--port', '3000']],
    [['--watch', '1', '--port', '70000']],
  ])('%j are refused', (args) => {
    expect(() => readAuditArguments(args, {})).toThrow(UnusableArguments);
  });
});
