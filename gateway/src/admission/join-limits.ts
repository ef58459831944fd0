import { Inject, Injectable } from '@nestjs/common';
import { Counter, SETTINGS } from '#service';
import type { GatewaySettings } from '../config.js';
import { Problem } from '../problems/problem.js';
import { Allowance } from './allowance.js';

const refused = new Counter({
  name: 'gateway_joins_refused_total',
  help: 'Joins refused because they came too fast, by whose allowance was used up',
  labelNames: ['of'],
});

/** Each join is a message to the queue service: no user and no address may send more than its share. Each replica counts its own. */
@Injectable()
export class JoinLimits {
  private readonly users: Allowance;
  private readonly networks: Allowance;

  constructor(@Inject(SETTINGS) settings: Pick<GatewaySettings, 'JOINS_PER_USER' | 'JOINS_PER_ADDRESS'>) {
    this.users = new Allowance(settings.JOINS_PER_USER);
    this.networks = new Allowance(settings.JOINS_PER_ADDRESS);
  }

  /**
   * The user first: whoever is refused alone takes nothing from the neighbours behind the same address.
   * @param network null: not known, and so not limited
   * @throws Problem RATE_LIMITED
   */
  take(userId: string, network: string | null): void {
    const now = performance.now();
    const userWait = this.users.take(userId, now);
    if (userWait > 0) throw tooFast('user', userWait);
    if (network === null) return;
    const networkWait = this.networks.take(network, now);
    if (networkWait > 0) throw tooFast('address', networkWait);
  }
}

function tooFast(of: 'user' | 'address', waitMs: number): Problem {
  refused.inc({ of });
  const detail = of === 'user' ? 'You join too often.' : 'Too many join from your address at the moment.';
  const seconds = Math.ceil(waitMs / 1000);
  return new Problem('RATE_LIMITED', `${detail} A place that you have is kept.`, {
    headers: { 'Retry-After': String(seconds) },
  });
}
