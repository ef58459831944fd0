import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Payment } from '../domain/payment.js';
import { paymentSchema, timelineSchema } from './payment.schema.js';
import { withTimelines } from './timelines.js';

/** Payments as their owners ask for them, outside the fold. */
@Injectable()
export class PaymentQueries {
  constructor(private readonly dataSource: DataSource) {}

  /** The timeline may be one entry ahead of the row: it is read after it, and only ever grows. */
  async ofUser(paymentId: string, userId: string): Promise<Payment | null> {
    const row = await this.dataSource.getRepository(paymentSchema).findOneBy({ paymentId, userId });
    if (!row) return null;
    const entries = await this.dataSource
      .getRepository(timelineSchema)
      .find({ where: { paymentId }, order: { seq: 'ASC' } });
    return withTimelines([row], entries)[0] ?? null;
  }
}
