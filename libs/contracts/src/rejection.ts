/**
 * The business "no"s a service may answer with: stable codes, without HTTP numbers (the gateway maps them once).
 */
export const rejectionCodes = [
  'CONCERT_NOT_FOUND',
  'SCHEDULE_NOT_FOUND',
  'SEAT_NOT_FOUND',
  'RESERVATION_NOT_FOUND',
  'PAYMENT_NOT_FOUND',
  'INVALID_TOKEN',
  'ALREADY_RESERVED_SEAT',
  'SALES_CLOSED',
  'QUEUE_CLOSED',
  'TICKET_LIMIT_EXCEEDED',
  'NOT_ENOUGH_BALANCE',
  'BALANCE_LIMIT_EXCEEDED',
  'RESERVATION_NOT_PAYABLE',
  'RESERVATION_NOT_CANCELLABLE',
  'PAYMENT_IN_PROGRESS',
  'PAYMENT_NOT_STUCK',
  'PAYMENT_NOT_COMPENSABLE',
  'EXPIRED_RESERVATION',
  'IDEMPOTENCY_KEY_REUSED',
  'INVALID_REQUEST',
  'COMPENSATED',
  'DEAD_LETTER_NOT_FOUND',
  'DEAD_LETTER_NOT_REPLAYABLE',
] as const;

export type RejectionCode = (typeof rejectionCodes)[number];

/** A rejection as value: `members` are the extra fields api answers show beside the code. */
export interface Rejection {
  readonly code: RejectionCode;
  readonly detail: string;
  readonly members?: Readonly<Record<string, unknown>>;
}
