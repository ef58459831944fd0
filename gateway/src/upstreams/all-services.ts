import { cursorOf } from '#service';
import { Injectable } from '@nestjs/common';
import { Problem } from '../problems/problem.js';
import { type Service, services, Upstreams, withQuery } from './upstreams.js';

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

export type OfService<Item> = Item & { readonly service: Service };

/** Queries that concern whatever service it may be. What one of them does not answer is not known: never left out. */
@Injectable()
export class AllServices {
  constructor(private readonly upstreams: Upstreams) {}

  /**
   * A page of a list that every service has, newest first. Its ids are UUIDv7, which sort by time wherever they were
   * drawn, so that one cursor, the last id shown, is right for all of them.
   * @param idOf the member that is the id
   * @throws Problem OVERLOADED when a service does not answer
   */
  async newestFirst<Item extends object>(
    path: string,
    query: { readonly limit?: string | undefined; readonly cursor?: string | undefined; readonly replayed?: string },
    idOf: keyof Item & string,
    traceparent: string,
  ): Promise<Page<OfService<Item>>> {
    const limit = Number(query.limit ?? 20);
    const pages = await Promise.all(
      services.map(async (service) => {
        const page = await this.ask<Page<Item>>(
          service,
          withQuery(path, { ...query, limit: String(limit) }),
          traceparent,
        );
        return { ...page, items: page.items.map((item) => ({ service, ...item })) };
      }),
    );
    const newest = pages.flatMap(({ items }) => items).sort((one, other) => (one[idOf] < other[idOf] ? 1 : -1));
    const items = newest.slice(0, limit);
    const more = newest.length > limit || pages.some(({ nextCursor }) => nextCursor !== null);
    return { items, nextCursor: more ? cursorOf(items.at(-1)![idOf]) : null };
  }

  /**
   * The one that one of the services has, and which.
   * @throws Problem the services' own 404 when none of them has it; OVERLOADED when one that may have it does not answer
   */
  async whoeverHas<Thing extends object>(path: string, traceparent: string): Promise<OfService<Thing>> {
    const asked = await Promise.allSettled(
      services.map(async (service) => ({ service, ...(await this.ask<Thing>(service, path, traceparent)) })),
    );
    const has = asked.find((one) => one.status === 'fulfilled');
    if (has) return has.value;
    const refusals = asked.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
    throw refusals.find((reason) => !isNotFound(reason)) ?? refusals[0];
  }

  private async ask<Body>(service: Service, path: string, traceparent: string): Promise<Body> {
    return JSON.parse(await this.upstreams[service].get(path, traceparent)) as Body;
  }
}

const isNotFound = (reason: unknown) => reason instanceof Problem && reason.status === 404;
