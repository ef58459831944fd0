import { Injectable } from '@nestjs/common';
import type { RouteOptions } from 'fastify';
import findMyWay from 'find-my-way';

/** The methods of every path, so that a wrong method is told from a wrong path. */
@Injectable()
export class KnownRoutes {
  private readonly routers = new Map<string, findMyWay.Instance<findMyWay.HTTPVersion.V1>>();
  private readonly listed: { method: string; url: string }[] = [];

  /** Fed by Fastify's `onRoute` hook. The `*` route of CORS is no address of ours. */
  add({ method, url }: Pick<RouteOptions, 'method' | 'url'>): void {
    if (url === '*') return;
    for (const name of [method].flat()) {
      const router = this.routers.get(name) ?? findMyWay({ maxParamLength: MAX_PARAM_LENGTH });
      this.routers.set(name, router);
      if (router.hasRoute('GET', url)) continue;
      router.on('GET', url, () => undefined);
      this.listed.push({ method: name, url });
    }
  }

  methodsOf(path: string): string[] {
    return [...this.routers].filter(([, router]) => router.find('GET', path) !== null).map(([method]) => method);
  }

  all(): readonly { method: string; url: string }[] {
    return this.listed;
  }
}

/** Longer path parameters are refused before routing; ours are UUIDs. */
export const MAX_PARAM_LENGTH = 256;
