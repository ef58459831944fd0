import { userId, uuid } from '#contracts';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { paymentBody } from '../domain/payment-body.js';
import { PaymentQueries } from '../postgres/payment.queries.js';
import { found, parsed } from './request.js';

const oneRequest = z.strictObject({ userId, paymentId: uuid });

/** Called by the gateway alone, which has verified the user; bodies are the public API's. */
@Controller('internal/payments')
export class PaymentController {
  constructor(private readonly payments: PaymentQueries) {}

  @Get(':paymentId')
  async one(@Param() params: object, @Query() query: object): Promise<unknown> {
    const { paymentId, userId: owner } = parsed(oneRequest, { ...query, ...params });
    return paymentBody(found(await this.payments.ofUser(paymentId, owner), 'PAYMENT_NOT_FOUND'));
  }
}
