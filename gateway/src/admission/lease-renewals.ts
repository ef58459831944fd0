import { Injectable, Logger } from '@nestjs/common';
import { type PlaceReference, queue } from '#contracts';
import { CommandBus, Overloaded } from '#messaging';
import { Counter } from '#service';
import { LRUCache } from 'lru-cache';

const renewals = new Counter({
  name: 'gateway_lease_renewals_total',
  help: 'Lease renewals sent to the queue service, by whether the broker took them',
  labelNames: ['outcome'],
});

const LEASES_KEPT_MAX = 200_000;

/**
 * Makes places live longer before anybody is promised so. A lease counts once the broker has the renewal: the queue
 * service applies it before any later tick.
 */
@Injectable()
export class LeaseRenewals {
  private readonly logger = new Logger(LeaseRenewals.name);
  /** Leases this replica renewed, so that a visitor who polls with an old token causes no second message. */
  private readonly granted = new LRUCache<string, number>({ max: LEASES_KEPT_MAX });
  private readonly inFlight = new Map<string, Promise<number | undefined>>();

  constructor(private readonly bus: CommandBus) {}

  /**
   * A lease that covers `expiresAt`, renewing it to `leaseUntil` when the known one does not. When the broker does not
   * take the renewal, the known lease, though it may end earlier. All in ms since 1970.
   */
  async lease(place: PlaceReference, known: number, expiresAt: number, leaseUntil: number): Promise<number> {
    const best = Math.max(known, this.granted.get(place.tokenId) ?? 0);
    if (expiresAt <= best) return best;
    const renewed = await this.renew(place, leaseUntil);
    return renewed === undefined ? best : Math.max(best, renewed);
  }

  private renew(place: PlaceReference, leaseUntil: number): Promise<number | undefined> {
    const underWay = this.inFlight.get(place.tokenId);
    if (underWay) return underWay;
    const renewal = this.send(place, leaseUntil).finally(() => this.inFlight.delete(place.tokenId));
    this.inFlight.set(place.tokenId, renewal);
    return renewal;
  }

  private async send(place: PlaceReference, leaseUntil: number): Promise<number | undefined> {
    try {
      await this.bus.tell(queue.renewLease, { ...place, leaseUntil: new Date(leaseUntil).toISOString() });
    } catch (error) {
      renewals.inc({ outcome: 'failed' });
      if (!(error instanceof Overloaded)) this.logger.error(error);
      return undefined;
    }
    renewals.inc({ outcome: 'sent' });
    this.granted.set(place.tokenId, leaseUntil);
    return leaseUntil;
  }
}
