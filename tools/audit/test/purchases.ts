/** A reservation of one seat as the services' rows have it at one instant; what is not said has not happened. */
export interface Purchase {
  /** Null: its SeatsHeld is still on its way. */
  readonly reservation: 'WAITING' | 'PAYING' | 'CONFIRMED' | 'EXPIRED' | 'CANCELLING' | 'CANCELLED' | null;
  readonly claim: 'HELD' | 'SOLD' | 'ENDED';
  /** The end of its hold has passed. */
  readonly lapsed?: true;
  readonly payment?: keyof typeof wayTo;
  readonly debited?: true;
  readonly refunded?: true;
  readonly decided?: 'confirmed' | 'refused';
  readonly cancellation?: 'REFUNDING' | 'RELEASING' | 'DONE';
  readonly spent?: true;
  /** Past its deadline and grace. */
  readonly late?: true;
  readonly stuck?: true;
  /** The last reply was parked, which made the payment STUCK: it still is, or was replayed. */
  readonly reply?: 'parked' | 'replayed';
}

/** The states that lead to each state of a payment, itself included. */
export const wayTo = {
  DEBITING: ['DEBITING'],
  CONFIRMING: ['DEBITING', 'CONFIRMING'],
  REVOKING: ['DEBITING', 'CONFIRMING', 'REVOKING'],
  REFUNDING: ['DEBITING', 'REFUNDING'],
  EXPIRING_TOKEN: ['DEBITING', 'CONFIRMING', 'EXPIRING_TOKEN'],
  COMPLETED: ['DEBITING', 'CONFIRMING', 'EXPIRING_TOKEN', 'COMPLETED'],
  REJECTED: ['DEBITING', 'REJECTED'],
  COMPENSATED: ['DEBITING', 'REFUNDING', 'COMPENSATED'],
} as const;

const paying = { reservation: 'PAYING', claim: 'HELD' } as const;
const sold = { debited: true, decided: 'confirmed', claim: 'SOLD' } as const;
const paid = { ...sold, payment: 'COMPLETED', spent: true } as const;

/** Nothing is on its way any more. Named, so that a test can say which it harms. */
export const settled = {
  waiting: { reservation: 'WAITING', claim: 'HELD' },
  completed: { ...paid, reservation: 'CONFIRMED' },
  'completed too': { ...paid, reservation: 'CONFIRMED' },
  'completed after a replay': { ...paid, reservation: 'CONFIRMED', reply: 'replayed' },
  rejected: { reservation: 'WAITING', claim: 'HELD', payment: 'REJECTED' },
  compensated: { reservation: 'EXPIRED', claim: 'ENDED', payment: 'COMPENSATED', debited: true, refunded: true },
  'seats refused': {
    reservation: 'EXPIRED',
    claim: 'ENDED',
    payment: 'COMPENSATED',
    debited: true,
    refunded: true,
    decided: 'refused',
  },
  cancelled: { ...paid, reservation: 'CANCELLED', claim: 'ENDED', refunded: true, cancellation: 'DONE' },
  'cancelled unpaid': { reservation: 'CANCELLED', claim: 'ENDED' },
  expired: { reservation: 'EXPIRED', claim: 'ENDED' },
} as const satisfies Record<string, Purchase>;

/** Every place at which a reservation, its payment or its cancellation can be seen between two messages. */
export const underWay = {
  'its reservation is on its way': { reservation: null, claim: 'HELD' },
  'lapsed and not swept': { reservation: 'WAITING', claim: 'HELD', lapsed: true },
  'taken over and not swept': { reservation: 'WAITING', claim: 'ENDED', lapsed: true },
  'expired, its release on its way': { reservation: 'EXPIRED', claim: 'HELD', lapsed: true },
  'cancelled unpaid, its release on its way': { reservation: 'CANCELLED', claim: 'HELD' },
  'rejected too late, its release on its way': {
    reservation: 'EXPIRED',
    claim: 'HELD',
    payment: 'REJECTED',
    lapsed: true,
  },
  debiting: { ...paying, payment: 'DEBITING' },
  'debited, the reply on its way': { ...paying, payment: 'DEBITING', debited: true },
  confirming: { ...paying, payment: 'CONFIRMING', debited: true },
  'confirming, its hold lost': { ...paying, payment: 'CONFIRMING', debited: true, claim: 'ENDED', lapsed: true },
  'sold, the reply on its way': { ...paying, ...sold, payment: 'CONFIRMING' },
  'sold, the reply parked': { ...paying, ...sold, payment: 'CONFIRMING', stuck: true, reply: 'parked' },
  'refused, the reply on its way': { ...paying, payment: 'CONFIRMING', debited: true, decided: 'refused' },
  revoking: { ...paying, payment: 'REVOKING', debited: true },
  'revoking what was sold': { ...paying, ...sold, payment: 'REVOKING' },
  'revoked, the reply on its way': { ...paying, payment: 'REVOKING', debited: true, decided: 'refused' },
  'revoking for too long': { ...paying, payment: 'REVOKING', debited: true, late: true, stuck: true },
  'refunding what was not debited yet': { ...paying, payment: 'REFUNDING' },
  refunding: { ...paying, payment: 'REFUNDING', debited: true, decided: 'refused' },
  'refunded, the reply on its way': { ...paying, payment: 'REFUNDING', debited: true, refunded: true },
  'compensated, its release on its way': {
    reservation: 'EXPIRED',
    claim: 'HELD',
    payment: 'COMPENSATED',
    debited: true,
    refunded: true,
  },
  'expiring the token': { ...sold, reservation: 'CONFIRMED', payment: 'EXPIRING_TOKEN' },
  'spent, the reply on its way': { ...sold, reservation: 'CONFIRMED', payment: 'EXPIRING_TOKEN', spent: true },
  'expiring the token for hours': { ...sold, reservation: 'CONFIRMED', payment: 'EXPIRING_TOKEN', late: true },
  cancelling: { ...paid, reservation: 'CANCELLING', cancellation: 'REFUNDING' },
  'cancelling while its token expires': {
    ...sold,
    reservation: 'CANCELLING',
    payment: 'EXPIRING_TOKEN',
    cancellation: 'REFUNDING',
  },
  'cancelling, refunded': { ...paid, reservation: 'CANCELLING', cancellation: 'REFUNDING', refunded: true },
  'cancelling, releasing': { ...paid, reservation: 'CANCELLING', cancellation: 'RELEASING', refunded: true },
  'cancelling, released': {
    ...paid,
    reservation: 'CANCELLING',
    cancellation: 'RELEASING',
    refunded: true,
    claim: 'ENDED',
  },
  'cancelling for too long': {
    ...paid,
    reservation: 'CANCELLING',
    cancellation: 'REFUNDING',
    late: true,
    stuck: true,
  },
} as const satisfies Record<string, Purchase>;
