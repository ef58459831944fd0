import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '#service';
import type { GatewaySettings } from '../config.js';
import { Upstream } from './upstream.js';

type UpstreamSettings = Pick<
  GatewaySettings,
  | 'QUEUE_URL'
  | 'CONCERT_URL'
  | 'RESERVATION_URL'
  | 'WALLET_URL'
  | 'UPSTREAM_TIMEOUT_MS'
  | 'UPSTREAM_IN_FLIGHT_MAX'
  | 'BREAKER_RESET_MS'
>;

export const services = ['queue', 'concert', 'reservation', 'wallet'] as const;
export type Service = (typeof services)[number];

/** The services that answer queries. One that fails leaves the others alone. */
@Injectable()
export class Upstreams implements OnApplicationShutdown {
  readonly queue: Upstream;
  readonly concert: Upstream;
  readonly reservation: Upstream;
  readonly wallet: Upstream;

  constructor(@Inject(SETTINGS) settings: UpstreamSettings) {
    const limits = {
      timeoutMs: settings.UPSTREAM_TIMEOUT_MS,
      inFlightMax: settings.UPSTREAM_IN_FLIGHT_MAX,
      resetMs: settings.BREAKER_RESET_MS,
    };
    this.queue = new Upstream({ name: 'queue', url: settings.QUEUE_URL, ...limits });
    this.concert = new Upstream({ name: 'concert', url: settings.CONCERT_URL, ...limits });
    this.reservation = new Upstream({ name: 'reservation', url: settings.RESERVATION_URL, ...limits });
    this.wallet = new Upstream({ name: 'wallet', url: settings.WALLET_URL, ...limits });
  }

  onApplicationShutdown(): void {
    for (const service of services) this[service].close();
  }
}

/** A path with the query parameters that are given. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
