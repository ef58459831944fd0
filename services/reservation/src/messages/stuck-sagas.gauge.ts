import { Gauge } from '#service';
import { Injectable } from '@nestjs/common';
import { OperatorPaymentQueries } from '../postgres/operator-payment.queries.js';

/** Of each kind: whoever sees this many need not know how many more there are. */
const COUNTED_MAX = 1_000;

/**
 * The alarm: sagas that wait for an operator, counted in the database whenever the figures are read, so that each replica
 * says the same and a restart forgets nothing. NaN while the database does not answer.
 */
@Injectable()
export class StuckSagasGauge {
  readonly gauge: Gauge;

  constructor(payments: OperatorPaymentQueries) {
    this.gauge = new Gauge({
      name: 'payment_sagas_stuck',
      help: 'Payments and cancellations that wait for an operator now, at most 1,000 of each',
      async collect() {
        this.set(await payments.countStuck(COUNTED_MAX).catch(() => Number.NaN));
      },
    });
  }
}
