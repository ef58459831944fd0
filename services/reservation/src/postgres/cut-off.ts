/** A message that a saga needs, and that is being parked: nothing but an operator, or its replay, moves the saga on. */
export interface CutOff {
  readonly messageId: string;
  /** Why the saga is stuck, for the operator. */
  readonly reason: string;
  /** The payment, by its id or by the StartPayment that began it. */
  readonly paymentId?: string;
  readonly startMessageId?: string;
  /** The cancellation, by its reservation or by the payment it gives back. */
  readonly reservationId?: string;
  readonly cancelledPaymentId?: string;
}

/** The messages as rows, one parameter whatever their number. */
export const cutOffRows = `json_to_recordset($1::json) as cut
  ("messageId" uuid, reason text, "paymentId" uuid, "startMessageId" uuid, "reservationId" uuid, "cancelledPaymentId" uuid)`;

/** A saga that began to wait for an operator. */
export interface MarkedStuck {
  readonly paymentId: string;
  readonly reason: string;
}
