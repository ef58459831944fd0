import { ClaimBook } from './claim-book.js';
import { type Claim, recordedStatus } from './claim.js';
import type { Concert } from './concert.js';
import { type PlacedBlock, type Schedule, seatsPerBatchMax } from './schedule.js';
import { assertSeatMove, type Seat } from './seat.js';

/**
 * What was decided about a payment's seats, once and for ever: the record that a saga in doubt asks for. The first of
 * ConfirmSeats and RevokeConfirm writes it, whatever comes later repeats it.
 */
export interface Confirmation {
  readonly paymentId: string;
  readonly result: 'confirmed' | 'refused';
}

/** All that a batch of messages touches, as it was loaded. */
export interface LoadedInventory {
  readonly concerts: readonly (Concert & { readonly schedules: number })[];
  readonly schedules: readonly Schedule[];
  readonly seats: readonly Seat[];
  readonly claims: readonly Claim[];
  readonly confirmations: readonly Confirmation[];
}

/** The state that a batch is folded over, and what the fold changed. */
export class SeatInventory {
  readonly claims: ClaimBook;
  readonly newConcerts: Concert[] = [];
  readonly newSchedules: Schedule[] = [];
  readonly newBlocks: PlacedBlock[] = [];
  readonly newConfirmations: Confirmation[] = [];
  readonly changedSeats = new Set<Seat>();
  /** Schedules whose seats are to be counted at the end of the batch. */
  readonly toCount = new Set<string>();
  private readonly concerts: Map<string, Concert>;
  private readonly schedulesOfConcert: Map<string, number>;
  private readonly schedules: Map<string, Schedule>;
  private readonly seats: Map<string, Seat>;
  private readonly confirmations: Map<string, Confirmation>;

  constructor(loaded: LoadedInventory) {
    this.claims = new ClaimBook(loaded.claims);
    this.concerts = new Map(loaded.concerts.map((concert) => [concert.id, concert]));
    this.schedulesOfConcert = new Map(loaded.concerts.map((concert) => [concert.id, concert.schedules]));
    this.schedules = new Map(loaded.schedules.map((schedule) => [schedule.id, schedule]));
    this.seats = new Map(loaded.seats.map((seat) => [seat.id, seat]));
    this.confirmations = new Map(loaded.confirmations.map((confirmation) => [confirmation.paymentId, confirmation]));
  }

  concert(id: string): Concert | undefined {
    return this.concerts.get(id);
  }

  schedule(id: string): Schedule | undefined {
    return this.schedules.get(id);
  }

  /** How many dates the concert has. */
  schedulesOf(concertId: string): number {
    return this.schedulesOfConcert.get(concertId) ?? 0;
  }

  /** The seat, if the schedule has it. */
  seatOf(scheduleId: string, seatId: string): Seat | undefined {
    const seat = this.seats.get(seatId);
    return seat?.scheduleId === scheduleId ? seat : undefined;
  }

  confirmation(paymentId: string): Confirmation | undefined {
    return this.confirmations.get(paymentId);
  }

  addConcert(concert: Concert): void {
    this.concerts.set(concert.id, concert);
    this.newConcerts.push(concert);
  }

  /** @throws when the batch would make too many seats at once: it is handled message by message then. */
  addSchedule(schedule: Schedule, blocks: readonly PlacedBlock[]): void {
    const seats = this.newSchedules.reduce((total, { seatsTotal }) => total + seatsTotal, schedule.seatsTotal);
    if (seats > seatsPerBatchMax) throw new Error(`A batch makes at most ${seatsPerBatchMax} seats, not ${seats}`);
    this.schedules.set(schedule.id, schedule);
    this.schedulesOfConcert.set(schedule.concertId, this.schedulesOf(schedule.concertId) + 1);
    this.newSchedules.push(schedule);
    this.newBlocks.push(...blocks);
  }

  addConfirmation(confirmation: Confirmation): void {
    this.confirmations.set(confirmation.paymentId, confirmation);
    this.newConfirmations.push(confirmation);
  }

  /** Schedules of which another number of seats is left than before the batch, or may be: neither sold nor blocked. */
  get schedulesSold(): Set<string> {
    const sold = [...this.claims.changed, ...this.claims.added].filter(({ status }) => status === 'SOLD');
    const touched = [...sold, ...this.changedSeats].map(({ scheduleId }) => scheduleId);
    return new Set([...touched, ...this.newSchedules.map(({ id }) => id)]);
  }

  /** A free seat becomes somebody's. */
  claim(seat: Seat, claim: Claim): void {
    assertSeatMove(seat.id, recordedStatus(seat, this.claims.on(seat.id)), 'HELD');
    this.claims.add(claim);
  }

  block(seat: Seat, reason: string): void {
    if (!seat.blocked) assertSeatMove(seat.id, recordedStatus(seat, this.claims.on(seat.id)), 'BLOCKED');
    seat.blocked = true;
    seat.blockReason = reason;
    this.changedSeats.add(seat);
  }

  unblock(seat: Seat): void {
    if (!seat.blocked) return;
    seat.blocked = false;
    seat.blockReason = null;
    this.changedSeats.add(seat);
  }
}
