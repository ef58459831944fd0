import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Gauge, Registry } from 'prom-client';
import type { AuditReport } from './audit.js';

export interface WatchOptions {
  /** Between the end of one look and the beginning of the next. */
  readonly seconds: number;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly look: (signal: AbortSignal) => Promise<AuditReport>;
  /** Told each report, and why there was none. */
  readonly onReport: (report: AuditReport) => void;
  readonly onFailure: (error: unknown) => void;
  readonly onListening?: (port: number) => void;
}

/**
 * Looks, one look after the other and never two at once, until the signal; meanwhile `GET /metrics` and `/health/live`
 * answer. A look that fails is told, and tried again at the next turn. Resolves when all of it has ended.
 */
export async function watch(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const figures = new Figures();
  const server = await serve(options, figures);
  try {
    while (!signal.aborted) {
      await lookOnce(options, figures, signal);
      await pause(options.seconds * 1_000, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

async function lookOnce({ look, onReport, onFailure }: WatchOptions, figures: Figures, signal: AbortSignal) {
  try {
    const report = await look(signal);
    figures.take(report);
    onReport(report);
  } catch (error) {
    if (!signal.aborted) onFailure(error);
  }
}

/** The last report in Prometheus' text format. Before the first there are no figures of invariants. */
class Figures {
  readonly registry = new Registry();
  private readonly violations = this.gauge('audit_violations', 'Rows that violate an invariant', ['invariant']);
  private readonly rows = this.gauge('audit_rows', 'Rows that the checks of an invariant looked at', ['invariant']);
  private readonly lastSuccess = this.gauge(
    'audit_last_success_timestamp_seconds',
    'When an audit last came to its end, whatever it found',
  );

  take({ checks, at }: AuditReport): void {
    this.violations.reset();
    this.rows.reset();
    for (const { id: invariant, violations, rows } of checks) {
      this.violations.inc({ invariant }, violations);
      this.rows.inc({ invariant }, rows);
    }
    this.lastSuccess.set(at.getTime() / 1_000);
  }

  private gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}

async function serve({ host, port, onListening }: WatchOptions, { registry }: Figures): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.method === 'GET' ? request.url?.split('?')[0] : undefined;
    if (path === '/health/live') answer(response, 200, 'application/json', '{"live":true}');
    else if (path !== '/metrics') answer(response, 404, 'text/plain', 'Not found');
    else {
      registry.metrics().then(
        (text) => answer(response, 200, registry.contentType, text),
        () => answer(response, 500, 'text/plain', 'No metrics'),
      );
    }
  });
  await new Promise<void>((listening, refused) => server.once('error', refused).listen(port, host, listening));
  const address = server.address();
  if (address && typeof address === 'object') onListening?.(address.port);
  return server;
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
