import { Claim, type ClaimEnd } from './claim.js';

/**
 * The live claims that a batch may touch, found by seat, by reservation and by buyer, and what became of them.
 * A claim that ends leaves all three at once, so that the next message of the batch sees the seat free.
 */
export class ClaimBook {
  private readonly bySeat = new Map<string, Claim>();
  private readonly byReservation = new Map<string, Set<Claim>>();
  private readonly byBuyer = new Map<string, Set<Claim>>();
  private readonly stored: ReadonlySet<Claim>;
  private readonly touched = new Set<Claim>();

  /** @param stored the live claims as they were loaded */
  constructor(stored: readonly Claim[]) {
    this.stored = new Set(stored);
    for (const claim of stored) this.enter(claim);
  }

  /** The live claim on a seat. */
  on(seatId: string): Claim | undefined {
    return this.bySeat.get(seatId);
  }

  /** The reservation's live claims on the schedule's seats. */
  ofReservation(scheduleId: string, reservationId: string): Claim[] {
    return [...(this.byReservation.get(reservationId) ?? [])].filter((claim) => claim.scheduleId === scheduleId);
  }

  /** The user's live claims of the schedule. */
  ofBuyer(scheduleId: string, userId: string): Claim[] {
    return [...(this.byBuyer.get(buyer(scheduleId, userId)) ?? [])];
  }

  add(claim: Claim): void {
    if (this.bySeat.has(claim.seatId)) throw new Error(`Seat ${claim.seatId} has a live claim`);
    this.enter(claim);
    this.touched.add(claim);
  }

  extend(claim: Claim, until: Date): void {
    claim.extend(until);
    this.touched.add(claim);
  }

  endHoldAt(claim: Claim, until: Date): void {
    claim.heldUntil = until;
    this.touched.add(claim);
  }

  sell(claim: Claim, paymentId: string): void {
    claim.sell(paymentId);
    this.touched.add(claim);
  }

  end(claim: Claim, reason: ClaimEnd, now: Date): void {
    claim.end(reason, now);
    this.touched.add(claim);
    this.bySeat.delete(claim.seatId);
    this.byReservation.get(claim.reservationId)?.delete(claim);
    this.byBuyer.get(buyer(claim.scheduleId, claim.userId))?.delete(claim);
  }

  /** Claims of the batch, those that ended again within it included. */
  get added(): Claim[] {
    return [...this.touched].filter((claim) => !this.stored.has(claim));
  }

  /** Stored claims that the batch changed or ended. */
  get changed(): Claim[] {
    return [...this.touched].filter((claim) => this.stored.has(claim));
  }

  private enter(claim: Claim): void {
    if (this.bySeat.has(claim.seatId)) throw new Error(`Seat ${claim.seatId} has two live claims`);
    this.bySeat.set(claim.seatId, claim);
    enterInto(this.byReservation, claim.reservationId, claim);
    enterInto(this.byBuyer, buyer(claim.scheduleId, claim.userId), claim);
  }
}

const buyer = (scheduleId: string, userId: string) => `${scheduleId} ${userId}`;

function enterInto(claims: Map<string, Set<Claim>>, key: string, claim: Claim): void {
  const entered = claims.get(key);
  if (entered) entered.add(claim);
  else claims.set(key, new Set([claim]));
}
