import { Controller, Get, Injectable, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

export interface Condition {
  /** May requests be sent here? */
  readonly ready: boolean;
  /** False asks the supervisor for a restart. */
  readonly live: boolean;
  readonly detail?: string;
}

/** What the parts of a process say of themselves, in one place. */
@Injectable()
export class Health {
  private readonly parts = new Map<string, () => Condition>();

  register(part: string, condition: () => Condition): void {
    this.parts.set(part, condition);
  }

  report(): { live: boolean; ready: boolean; parts: Record<string, Condition> } {
    const parts = Object.fromEntries([...this.parts].map(([name, condition]) => [name, condition()]));
    const conditions = Object.values(parts);
    return {
      live: conditions.every((condition) => condition.live),
      ready: conditions.every((condition) => condition.live && condition.ready),
      parts,
    };
  }
}

@Controller('health')
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('live')
  live(@Res() response: FastifyReply): void {
    const report = this.health.report();
    void response.status(report.live ? 200 : 503).send(report);
  }

  @Get('ready')
  ready(@Res() response: FastifyReply): void {
    const report = this.health.report();
    void response.status(report.ready ? 200 : 503).send(report);
  }
}
