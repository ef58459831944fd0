/** Length of a step of virtual time, ms. */
export const STEP_MS = 50;

/** Two days: nobody means to do anything later. */
const SLOTS = 1 << 22;
const NOBODY = -1;

/** Who acts when: a ring of steps, in each a chain of visitors. Everybody has at most one appointment. */
export class Agenda {
  /** Appointments to come. */
  pending = 0;
  private taken = 0;
  private readonly first = new Int32Array(SLOTS).fill(NOBODY);
  private readonly next: Int32Array;

  constructor(visitors: number) {
    this.next = new Int32Array(visitors).fill(NOBODY);
  }

  /** @throws RangeError unless the step is later than the one taken last, by less than the ring's length */
  add(visitor: number, step: number): void {
    if (!(step > this.taken && step < this.taken + SLOTS)) throw new RangeError(`nobody can act at step ${step}`);
    const slot = step % SLOTS;
    this.next[visitor] = this.first[slot]!;
    this.first[slot] = visitor;
    this.pending += 1;
  }

  /** Takes out whoever acts in the step, the first to be written down first. */
  take(step: number): number[] {
    this.taken = step;
    const slot = step % SLOTS;
    const due: number[] = [];
    for (let visitor = this.first[slot]!; visitor !== NOBODY; visitor = this.next[visitor]!) due.push(visitor);
    this.first[slot] = NOBODY;
    this.pending -= due.length;
    return due.reverse();
  }
}
