import type { LocalSettings, ProcessName } from './settings.js';
import { processNames } from './settings.js';

/** What the console shows once everything is ready: addresses, and a line that joins the demo concert's queue as it stands. */
export function guide(
  { ports, dataDir, kafkaPort }: LocalSettings,
  databaseUrl: string,
  concertId: string | undefined,
): string {
  const api = `http://127.0.0.1:${ports.gateway[0]}`;
  const services = processNames.filter((name) => name !== 'gateway').map((name) => `${name} ${addresses(ports, name)}`);
  const lines = [
    '',
    `  API         ${ports.gateway.map((port) => `http://127.0.0.1:${port}`).join('  ')}`,
    `              ${api}/docs  ${api}/openapi.json`,
    `  services    ${services.join(', ')}`,
    `  PostgreSQL  ${databaseUrl}`,
    `  Kafka       127.0.0.1:${kafkaPort}`,
    `  logs        ${dataDir}/logs`,
    '',
  ];
  if (concertId) lines.push('Join the queue of the demo concert:', '', joinLine(api, concertId), '');
  lines.push('Ctrl-C stops everything; the data stays until npm run reset.', '');
  return lines.join('\n');
}

/** One line for any shell with curl and sed: signs a new user in and takes a queue token. */
export function joinLine(api: string, concertId: string): string {
  const signIn = `curl -s ${api}/v1/dev/sign-in -H 'content-type: application/json' -d '{"userId":"ada"}'`;
  const token = `$(${signIn} | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`;
  return `curl -i -X POST ${api}/v1/concerts/${concertId}/queue-token -H "Authorization: Bearer ${token}"`;
}

function addresses(ports: LocalSettings['ports'], name: ProcessName): string {
  return ports[name].map((port) => `:${port}`).join(' ');
}
