import type { Context, Decision, Handler, Message, Outgoing, ParkedMessage, Reply, Transaction } from '#messaging';

type Incoming = Pick<Message | Reply, 'id'>;

/** A service's own handler, whose transaction a test can make fail for a message it names. */
export class Interruptible implements Handler<unknown, unknown> {
  /** Ids of messages that a bug keeps from being handled, for good. */
  readonly bugs = new Set<string>();
  /** Ids of messages whose transaction loses its connection, once, when all of it but the commit is done. */
  readonly disconnects = new Set<string>();
  private batch: readonly Incoming[] = [];

  constructor(private readonly handler: Handler<unknown, unknown>) {}

  load(messages: readonly unknown[], tx: Transaction): Promise<unknown> {
    this.batch = messages as readonly Incoming[];
    return this.handler.load(messages, tx);
  }

  decide(state: unknown, message: unknown, context: Context): Decision {
    if (this.bugs.has((message as Incoming).id)) throw new TypeError('a bug, planted by the test');
    return this.handler.decide(state, message, context);
  }

  onParked(parked: readonly ParkedMessage<unknown>[], tx: Transaction): Promise<void> {
    return this.handler.onParked?.(parked, tx) ?? Promise.resolve();
  }

  async save(state: unknown, tx: Transaction): Promise<readonly Outgoing[] | void> {
    const sent = await this.handler.save(state, tx);
    const interrupted = this.batch.filter(({ id }) => this.disconnects.delete(id));
    if (interrupted.length > 0) await tx.query('select pg_terminate_backend(pg_backend_pid())');
    return sent;
  }
}
