import { Controller, Headers } from '@nestjs/common';
import type { Answer, AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { isUnchanged, type SharedBody, SharedReads } from '../upstreams/shared-reads.js';
import { Upstreams, withQuery } from '../upstreams/upstreams.js';
import { listConcerts, listSchedules, listSeats, showConcert } from './catalogue.endpoints.js';

/** The group of what every visitor may read of all concerts; a concert's own dates and seats are the group of its id. */
export const CATALOGUE = 'catalogue';

@Controller()
export class CatalogueController {
  constructor(
    private readonly upstreams: Upstreams,
    private readonly shared: SharedReads,
  ) {}

  @Endpoint(listConcerts)
  async list(@Called() { query, traceparent }: Call<typeof listConcerts>): Promise<AnswerOf<typeof listConcerts>> {
    const { bytes } = await this.read(CATALOGUE, withQuery('/internal/concerts', query), traceparent);
    return { status: 200, body: bytes };
  }

  @Endpoint(showConcert)
  async show(@Called() { params, traceparent }: Call<typeof showConcert>): Promise<AnswerOf<typeof showConcert>> {
    const { bytes } = await this.read(CATALOGUE, `/internal/concerts/${params.concertId}`, traceparent);
    return { status: 200, body: bytes };
  }

  @Endpoint(listSchedules)
  async schedules(
    @Called() { params, traceparent }: Call<typeof listSchedules>,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
  ): Promise<AnswerOf<typeof listSchedules>> {
    const path = `/internal/concerts/${params.concertId}/schedules`;
    return conditional(await this.read(params.concertId, path, traceparent), ifNoneMatch);
  }

  @Endpoint(listSeats)
  async seats(
    @Called() { params, query, traceparent }: Call<typeof listSeats>,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
  ): Promise<AnswerOf<typeof listSeats>> {
    const { concertId, scheduleId } = params;
    const path = withQuery(`/internal/concerts/${concertId}/schedules/${scheduleId}/seats`, query);
    return conditional(await this.read(concertId, path, traceparent), ifNoneMatch);
  }

  private read(group: string, path: string, traceparent: string): Promise<SharedBody> {
    return this.shared.read(group, path, () => this.upstreams.concert.get(path, traceparent));
  }
}

function conditional({ bytes, etag }: SharedBody, ifNoneMatch: string | undefined): Answer<200 | 304> {
  const headers = { ETag: etag };
  return isUnchanged(ifNoneMatch, etag) ? { status: 304, headers } : { status: 200, body: bytes, headers };
}
