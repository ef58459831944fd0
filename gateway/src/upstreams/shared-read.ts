/**
 * One query that many want the answer of: asked once at a time, the answer good for `ttlMs` from when it was asked.
 * After `forget()` nobody who comes gets an answer that was asked for before; still only one query runs at a time, so that
 * a rush of changes cannot become a rush of queries.
 */
export class SharedRead<T> {
  private value: { readonly answer: T; readonly askedAt: number } | undefined;
  private underWay: { readonly answer: Promise<T>; outdated: boolean } | undefined;
  private next: Promise<T> | undefined;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly ttlMs: number,
  ) {}

  /** `now`: a monotonic clock, ms. */
  read(now: number): Promise<T> {
    if (this.value && now - this.value.askedAt < this.ttlMs) return Promise.resolve(this.value.answer);
    if (!this.underWay) return this.begin(now);
    if (!this.underWay.outdated) return this.underWay.answer;
    this.next ??= this.underWay.answer
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.read(performance.now());
      });
    return this.next;
  }

  forget(): void {
    this.value = undefined;
    if (this.underWay) this.underWay.outdated = true;
  }

  /** Nobody needs it at `now`: it holds no answer that is still good, and waits for none. */
  isIdle(now: number): boolean {
    return !this.underWay && (!this.value || now - this.value.askedAt >= this.ttlMs);
  }

  private begin(now: number): Promise<T> {
    const asked = { answer: this.ask(), outdated: false };
    this.underWay = asked;
    const finished = () => {
      if (this.underWay === asked) this.underWay = undefined;
    };
    // Registered before any waiter, so that whoever comes after the answer finds it kept.
    asked.answer.then((answer) => {
      if (!asked.outdated) this.value = { answer, askedAt: now };
      finished();
    }, finished);
    return asked.answer;
  }
}
