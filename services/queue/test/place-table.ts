import type { DrawPage } from '../src/domain/line.js';
import type { Place, PlaceStatus } from '../src/domain/place.js';

/** What a row's status is written as; a purged row keeps its place in the columns. */
export const statusCodes = { PURGED: 0, WAITING: 1, ACTIVE: 2, SPENT: 3, LEFT: 4, EXPIRED: 5 } as const;
const statusNames = Object.keys(statusCodes) as (keyof typeof statusCodes)[];

const { PURGED, WAITING, ACTIVE } = statusCodes;

/** The numbers and instants (ms since 1970, NaN for null) of the rows, as long as there is room for. */
class Columns {
  readonly generation: Int32Array;
  readonly queueNumber: Int32Array;
  /** 0 for null. */
  readonly registration: Int32Array;
  readonly status: Uint8Array;
  readonly issuedAt: Float64Array;
  readonly leaseUntil: Float64Array;
  readonly activatedAt: Float64Array;
  readonly activeUntil: Float64Array;
  readonly arrivedAt: Float64Array;
  readonly estimatedAt: Float64Array;
  readonly finishedAt: Float64Array;

  constructor(readonly capacity: number) {
    this.generation = new Int32Array(capacity);
    this.queueNumber = new Int32Array(capacity);
    this.registration = new Int32Array(capacity);
    this.status = new Uint8Array(capacity);
    this.issuedAt = new Float64Array(capacity);
    this.leaseUntil = new Float64Array(capacity);
    this.activatedAt = new Float64Array(capacity);
    this.activeUntil = new Float64Array(capacity);
    this.arrivedAt = new Float64Array(capacity);
    this.estimatedAt = new Float64Array(capacity);
    this.finishedAt = new Float64Array(capacity);
  }

  withRoomFor(capacity: number): Columns {
    const wider = new Columns(capacity);
    for (const name of names) wider[name].set(this[name]);
    return wider;
  }

  /** The same rows, `rows[i]` as the i-th. */
  inOrder(rows: readonly number[]): Columns {
    const ordered = new Columns(this.capacity);
    for (const name of names) rows.forEach((row, index) => (ordered[name][index] = this[name][row]!));
    return ordered;
  }
}

const names = [
  ...(['generation', 'queueNumber', 'registration', 'status', 'issuedAt'] as const),
  ...(['leaseUntil', 'activatedAt', 'activeUntil', 'arrivedAt', 'estimatedAt', 'finishedAt'] as const),
];

/**
 * The `place` table of one concert, row after row in the order of generations and numbers, but that of registrations (below
 * zero, and so before all numbers) among each other. Columns of plain numbers: a
 * million rows take 100 MB, and one look at all of them some milliseconds.
 */
export class PlaceTable {
  /** Rows ever inserted. */
  rows = 0;
  columns = new Columns(64);
  private tokenIds: string[] = [];
  private userIds: string[] = [];
  private readonly byToken = new Map<string, number>();
  private readonly livingByUser = new Map<string, number>();

  constructor(private readonly concertId: string) {}

  /** All rows that are not purged, as copies, in the order of the table's key. */
  all(): Place[] {
    return this.rowsInOrder()
      .filter((row) => this.columns.status[row] !== PURGED)
      .map((row) => this.at(row));
  }

  at(row: number): Place {
    const {
      generation,
      queueNumber,
      registration,
      status,
      issuedAt,
      leaseUntil,
      activatedAt,
      activeUntil,
      arrivedAt,
      estimatedAt,
      finishedAt,
    } = this.columns;
    return {
      concertId: this.concertId,
      generation: generation[row]!,
      queueNumber: queueNumber[row]!,
      registration: registration[row]! || null,
      tokenId: this.tokenIds[row]!,
      userId: this.userIds[row]!,
      status: statusNames[status[row]!] as PlaceStatus,
      issuedAt: new Date(issuedAt[row]!),
      leaseUntil: new Date(leaseUntil[row]!),
      activatedAt: instant(activatedAt[row]!),
      activeUntil: instant(activeUntil[row]!),
      arrivedAt: instant(arrivedAt[row]!),
      estimatedAt: instant(estimatedAt[row]!),
      finishedAt: instant(finishedAt[row]!),
    };
  }

  userAt(row: number): string {
    return this.userIds[row]!;
  }

  rowOfToken(tokenId: string): number | undefined {
    return this.byToken.get(tokenId);
  }

  /** The row of the user's place that is WAITING or ACTIVE. */
  rowOfUser(userId: string): number | undefined {
    return this.livingByUser.get(userId);
  }

  /** The first row of the generation whose number is not below this one, or else the row after all of them. */
  firstRowFrom(generation: number, queueNumber: number): number {
    const { columns } = this;
    let low = 0;
    for (let high = this.rows; low < high;) {
      const middle = (low + high) >> 1;
      const before = columns.generation[middle]! - generation || columns.queueNumber[middle]! - queueNumber;
      if (before < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @throws Error when the user has a living place already, as the table's unique index does */
  insert(place: Place): void {
    if (this.rows === this.columns.capacity) this.columns = this.columns.withRoomFor(2 * this.rows);
    const row = this.rows++;
    this.columns.generation[row] = place.generation;
    this.columns.queueNumber[row] = place.queueNumber;
    this.columns.registration[row] = place.registration ?? 0;
    this.columns.issuedAt[row] = place.issuedAt.getTime();
    this.tokenIds[row] = place.tokenId;
    this.userIds[row] = place.userId;
    this.byToken.set(place.tokenId, row);
    this.write(row, place);
    if (this.isLiving(row)) {
      if (this.livingByUser.has(place.userId)) throw new Error(`a second living place of ${place.userId}`);
      this.livingByUser.set(place.userId, row);
    }
    // Whoever joins a class was given a higher number than all who join the classes before it from then on.
    const isNewer = row === 0 || this.columns.generation[row - 1]! < place.generation;
    const before = isNewer ? 0 : this.columns.queueNumber[row - 1]!;
    if (before > 0 && before > place.queueNumber) this.putInOrder();
  }

  update(place: Place): void {
    const row = this.byToken.get(place.tokenId);
    if (row !== undefined) this.write(row, place);
  }

  activate(row: number, now: Date, activeUntil: Date): void {
    this.columns.status[row] = ACTIVE;
    this.columns.activatedAt[row] = now.getTime();
    this.columns.activeUntil[row] = activeUntil.getTime();
  }

  expire(row: number, now: Date): void {
    this.columns.status[row] = statusCodes.EXPIRED;
    this.columns.finishedAt[row] = now.getTime();
    this.forgetUnlessLiving(row);
  }

  /** Gives registrations the numbers that they have drawn. */
  renumber({ generation, from, numbers }: DrawPage): void {
    const { columns } = this;
    for (let row = this.firstRowFrom(generation, -Infinity); row < this.rows; row += 1) {
      if (columns.generation[row] !== generation || columns.queueNumber[row]! > 0) continue;
      columns.queueNumber[row] = numbers[-columns.queueNumber[row]! - from] ?? columns.queueNumber[row]!;
    }
    this.putInOrder();
  }

  private putInOrder(): void {
    const rows = this.rowsInOrder();
    this.columns = this.columns.inOrder(rows);
    this.tokenIds = rows.map((row) => this.tokenIds[row]!);
    this.userIds = rows.map((row) => this.userIds[row]!);
    rows.forEach((_, row) => {
      if (this.byToken.has(this.tokenIds[row]!)) this.byToken.set(this.tokenIds[row]!, row);
      if (this.isLiving(row)) this.livingByUser.set(this.userIds[row]!, row);
    });
  }

  purge(generation: number, queueNumber: number): void {
    const row = this.rowOf(generation, queueNumber);
    this.columns.status[row] = PURGED;
    this.forgetUnlessLiving(row);
    this.byToken.delete(this.tokenIds[row]!);
  }

  private rowOf(generation: number, queueNumber: number): number {
    if (queueNumber > 0) return this.firstRowFrom(generation, queueNumber);
    let row = this.firstRowFrom(generation, -Infinity);
    while (this.columns.queueNumber[row] !== queueNumber) row += 1;
    return row;
  }

  private rowsInOrder(): number[] {
    const { generation, queueNumber } = this.columns;
    return Array.from({ length: this.rows }, (_, row) => row).sort(
      (one, other) => generation[one]! - generation[other]! || queueNumber[one]! - queueNumber[other]!,
    );
  }

  private write(row: number, place: Place): void {
    const { status, leaseUntil, activatedAt, activeUntil, arrivedAt, estimatedAt, finishedAt } = place;
    this.columns.status[row] = statusCodes[status];
    this.columns.leaseUntil[row] = leaseUntil.getTime();
    this.columns.activatedAt[row] = activatedAt?.getTime() ?? NaN;
    this.columns.activeUntil[row] = activeUntil?.getTime() ?? NaN;
    this.columns.arrivedAt[row] = arrivedAt?.getTime() ?? NaN;
    this.columns.estimatedAt[row] = estimatedAt?.getTime() ?? NaN;
    this.columns.finishedAt[row] = finishedAt?.getTime() ?? NaN;
    this.forgetUnlessLiving(row);
  }

  private isLiving(row: number): boolean {
    return this.columns.status[row] === WAITING || this.columns.status[row] === ACTIVE;
  }

  private forgetUnlessLiving(row: number): void {
    const userId = this.userIds[row]!;
    if (!this.isLiving(row) && this.livingByUser.get(userId) === row) this.livingByUser.delete(userId);
  }
}

function instant(ms: number): Date | null {
  return Number.isNaN(ms) ? null : new Date(ms);
}
