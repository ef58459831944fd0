import { instant, uuid } from '#contracts';
import { cursorTo, found, limit, pageOf, parameters } from '#service';
import { Controller, Get, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import { operatorPaymentBody, operatorStatuses } from '../domain/operator-payment-body.js';
import { OperatorPaymentQueries } from '../postgres/operator-payment.queries.js';

const position = z
  .tuple([instant, uuid])
  .transform(([createdAt, paymentId]) => ({ createdAt: new Date(createdAt), paymentId }));
const listQuery = z.strictObject({
  status: z.enum(operatorStatuses).optional(),
  limit,
  cursor: cursorTo(position).optional(),
});
const ofPayment = z.object({ paymentId: uuid });

/** Called by the gateway alone, which has verified that an operator asks; bodies are the public API's. */
@Controller('internal/admin/payments')
@UsePipes(parameters)
export class OperatorPaymentController {
  constructor(private readonly payments: OperatorPaymentQueries) {}

  @Get()
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<unknown> {
    const { cursor: after, limit: size, status } = query;
    // One more than asked for tells whether there is a next page.
    const rows = await this.payments.list({ status, after, limit: size + 1 });
    const { items, nextCursor } = pageOf(rows, size, ({ payment }) => [payment.createdAt, payment.paymentId]);
    return { items: items.map(operatorPaymentBody), nextCursor };
  }

  @Get(':paymentId')
  async one(@Param({ schema: ofPayment }) { paymentId }: z.output<typeof ofPayment>): Promise<unknown> {
    return operatorPaymentBody(found(await this.payments.one(paymentId), 'PAYMENT_NOT_FOUND'));
  }
}
