import { Controller, Get, Header } from '@nestjs/common';
import { collectDefaultMetrics, register } from 'prom-client';

export { Counter, Gauge, Histogram } from 'prom-client';

/** The figures of this process in Prometheus' text format. */
@Controller('metrics')
export class MetricsController {
  constructor() {
    if (register.getSingleMetric('process_cpu_seconds_total')) return;
    // The default looks at the event loop a hundred times a second, which an idle process pays for.
    collectDefaultMetrics({ eventLoopMonitoringPrecision: 100 });
  }

  @Get()
  @Header('Content-Type', register.contentType)
  metrics(): Promise<string> {
    return register.metrics();
  }
}
