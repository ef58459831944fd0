import { userId, uuid } from '#contracts';
import { found, parameters } from '#service';
import { Controller, Get, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import { paymentBody } from '../domain/payment-body.js';
import { PaymentQueries } from '../postgres/payment.queries.js';

const ofPayment = z.object({ paymentId: uuid });
const ofUser = z.object({ userId });

/** Called by the gateway alone, which has verified the user; bodies are the public API's. */
@Controller('internal/payments')
@UsePipes(parameters)
export class PaymentController {
  constructor(private readonly payments: PaymentQueries) {}

  @Get(':paymentId')
  async one(
    @Param({ schema: ofPayment }) { paymentId }: z.output<typeof ofPayment>,
    @Query({ schema: ofUser }) { userId: owner }: z.output<typeof ofUser>,
  ): Promise<unknown> {
    return paymentBody(found(await this.payments.ofUser(paymentId, owner), 'PAYMENT_NOT_FOUND'));
  }
}
