import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { childEnvironment, projectRoot, type System } from '#testing';

export interface Said {
  /** The exit code. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The operator's command line as a script runs it: of its own process, with nobody at its input. */
export function opsOf(system: System) {
  const environment = {
    ...childEnvironment,
    OPS_URL: system.gateway,
    KAFKA_BROKERS: system.kafka.brokers.join(','),
    KAFKA_PREFIX: system.kafka.prefix,
    AUDIT_DATABASE_URL: asAuditor(system.adminDatabaseUrl),
  };
  return (args: readonly string[], changes: NodeJS.ProcessEnv = {}): Promise<Said> =>
    new Promise((resolve) => {
      const main = join(projectRoot, 'dist/tools/ops.js');
      const options = { env: { ...environment, ...changes }, timeout: 50_000 };
      const child = execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
      });
      child.stdin?.end();
    });
}

/** What was said with `--json`, and nothing beside it. */
export function answered({ code, stdout, stderr }: Said): any {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** It was not done, and why is said in one line, beside an answer that is empty. */
export function expectRefusal(said: Said, code: number, line: RegExp): void {
  expect(said).toMatchObject({ code, stdout: '' });
  expect(said.stderr).toMatch(line);
  expect(said.stderr.trimEnd().split('\n')).toHaveLength(1);
}

function asAuditor(adminUrl: string): string {
  const url = new URL(adminUrl);
  [url.username, url.password] = ['auditor', 'auditor'];
  return url.href;
}
