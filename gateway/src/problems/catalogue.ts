/** Every problem of the public API: its status and title, once. The code is the contract; titles are for people. */
export const problems = {
  INVALID_REQUEST: { status: 400, title: 'The request is not valid' },
  IDEMPOTENCY_KEY_REQUIRED: { status: 400, title: 'This request needs an Idempotency-Key' },
  UNAUTHENTICATED: { status: 401, title: 'A valid access token is needed' },
  QUEUE_TOKEN_REQUIRED: { status: 401, title: 'A queue token is needed' },
  INVALID_TOKEN: { status: 401, title: 'The queue token is not valid here' },
  TOKEN_EXPIRED: { status: 401, title: 'The queue token has expired' },
  NOT_ENOUGH_BALANCE: { status: 402, title: 'The balance is too low' },
  FORBIDDEN: { status: 403, title: 'A role is missing' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address' },
  CONCERT_NOT_FOUND: { status: 404, title: 'There is no such concert' },
  SCHEDULE_NOT_FOUND: { status: 404, title: 'There is no such schedule' },
  SEAT_NOT_FOUND: { status: 404, title: 'There is no such seat' },
  RESERVATION_NOT_FOUND: { status: 404, title: 'There is no such reservation' },
  PAYMENT_NOT_FOUND: { status: 404, title: 'There is no such payment' },
  DEAD_LETTER_NOT_FOUND: { status: 404, title: 'There is no such dead letter' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address does not take this method' },
  ALREADY_RESERVED_SEAT: { status: 409, title: 'A seat is already taken' },
  SALES_CLOSED: { status: 409, title: 'Tickets are not on sale now' },
  QUEUE_CLOSED: { status: 409, title: 'The waiting room is closed' },
  RESERVATION_NOT_PAYABLE: { status: 409, title: 'The reservation cannot be paid' },
  RESERVATION_NOT_CANCELLABLE: { status: 409, title: 'The reservation cannot be cancelled' },
  PAYMENT_IN_PROGRESS: { status: 409, title: 'Another payment of this reservation is running' },
  PAYMENT_NOT_STUCK: { status: 409, title: 'The payment does not wait for an operator' },
  PAYMENT_NOT_COMPENSABLE: { status: 409, title: 'The payment is confirmed and only goes forward' },
  DEAD_LETTER_NOT_REPLAYABLE: { status: 409, title: 'The dead letter cannot be replayed' },
  EXPIRED_RESERVATION: { status: 410, title: 'The reservation has expired' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be plain JSON in UTF-8' },
  TICKET_LIMIT_EXCEEDED: { status: 422, title: 'More seats than one user may have' },
  BALANCE_LIMIT_EXCEEDED: { status: 422, title: "More than a wallet's maximum" },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The Idempotency-Key was used with another body' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  INTERNAL: { status: 500, title: 'Something went wrong on our side' },
  OVERLOADED: { status: 503, title: 'Too busy at the moment' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && Object.hasOwn(problems, code);
}

/** `ALREADY_RESERVED_SEAT` → `urn:problem:already-reserved-seat`. */
export function problemType(code: ProblemCode): string {
  return `urn:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}
