import { reply } from '#contracts';
import { encodeHeaders } from '#messaging';
import { v7 as uuidv7 } from 'uuid';
import type { InFlight } from './network.js';
import type { Buyer, SagaWorld } from './saga-world.js';
import type { End, Step } from './steps.js';

/** Past the first repeat, and not yet the second; the deadline, and again as long. Seconds; see pending-step.ts. */
const REPEAT = 6;
const DEADLINE = 61;

interface SagaRow {
  readonly state: string;
  readonly stuck: boolean;
  readonly finished: boolean;
  readonly request: string | null;
  /** All of it. */
  readonly whole: string;
}

/**
 * One saga on its way to, and past, one fault. Every act is on a message that must be there and in a state that must be
 * so: a fault that does not hit fails, and does not pass for one that was survived.
 */
export class Trial {
  /** What was done to messages, for the test to see that something was. */
  readonly hits: string[] = [];
  /** Faults that are laid in wait; each says whether it has happened. */
  private readonly traps: { readonly title: string; readonly sprung: () => boolean }[] = [];
  /** The step's request, as it first flew. */
  request!: InFlight;
  /** The reply to it, where a fault keeps that for later. */
  reply!: InFlight;

  private constructor(
    readonly world: SagaWorld,
    readonly step: Step,
    readonly buyer: Buyer,
    readonly paymentId: string,
  ) {}

  /** A payment, or the cancellation of a paid reservation, at the step. */
  static async at(step: Step, world: SagaWorld): Promise<Trial> {
    const paymentId = uuidv7();
    const trial = new Trial(world, step, await world.aBuyer(), paymentId);
    world.pay(trial.buyer, paymentId);
    if (step.saga === 'cancellation') {
      await world.settle();
      world.cancel(trial.buyer);
    }
    trial.request = await trial.reach();
    await trial.mustBe(step.state);
    trial.hits.length = 0;
    return trial;
  }

  /** Arrives as often as said, as from a sender that sent it twice. */
  async deliver(message: InFlight, times = 1): Promise<void> {
    for (let time = 0; time < times; time += 1) await this.world.network.deliver(message);
    this.hit(times > 1 ? `delivered ${times} times` : 'delivered', message);
  }

  /** What the inbox cannot know for a repeat: only the participant's barrier can. */
  underAnotherId(message: InFlight): InFlight {
    const id = uuidv7();
    return { ...message, id, headers: { ...message.headers, ce_id: id } };
  }

  /** Never arrives, or only when the test delivers it. */
  lose(message: InFlight): void {
    if (!this.world.network.takeAway(message)) throw new Error(`${message.type} does not fly`);
    this.hit('lost', message);
  }

  /** The request arrives, and the reply to it never does, or only when the test delivers it. */
  async loseReply(): Promise<InFlight> {
    await this.deliver(this.request);
    const reply = this.replyTo(this.request);
    this.lose(reply);
    return reply;
  }

  /** A bug in whoever takes the message keeps it from being handled. */
  planBug(message: InFlight): void {
    const { network } = this.world;
    for (const { handler } of network.groups(message)) handler.bugs.add(message.id);
    this.trap('parked', message, () => network.deadLetters.some(({ id }) => id === message.id));
  }

  /** Whoever handles the message loses the database before the commit. */
  planDisconnect(message: InFlight): void {
    const handlers = this.world.network.groups(message).map(({ handler }) => handler);
    for (const { disconnects } of handlers) disconnects.add(message.id);
    this.trap('rolled back', message, () => handlers.every(({ disconnects }) => !disconnects.has(message.id)));
  }

  /** Whoever handles the message dies between commit and publishing. */
  planDeath(message: InFlight): void {
    const { network } = this.world;
    network.dieAfter(message);
    this.trap('died after', message, () => network.hasDiedAfter(message));
  }

  /** The participant says no, with a code that the saga does not expect, and does nothing. */
  async refuse(request: InFlight): Promise<void> {
    this.lose(request);
    const [topic, partition, key] = request.headers['replyto']!.split('/') as [string, string, string];
    const [id, type] = [uuidv7(), reply.rejected.type];
    const { correlationid: correlationId } = request.headers as { correlationid: string };
    const about = { source: 'test', subject: key, time: new Date().toISOString(), correlationId };
    const headers = encodeHeaders({ id, type, ...about, causationId: request.id });
    const payload = JSON.stringify({ code: 'INVALID_REQUEST', detail: 'No.', replayed: false });
    await this.world.network.deliver({ id, type, topic, partition: Number(partition), key, headers, payload });
    this.hit('refused', request);
  }

  /** The reply to the request flies, and is of this type. */
  mustSay(type: string, request: InFlight): void {
    const said = this.replyTo(request).type;
    if (said !== type) throw new Error(`the participant says ${said}, not ${type}`);
  }

  /** Faults that were laid in wait and have not happened. */
  get missed(): string[] {
    return this.traps.filter(({ sprung }) => !sprung()).map(({ title }) => title);
  }

  /** The one reply to the request that flies. */
  replyTo({ id }: InFlight): InFlight {
    const found = this.find(({ type, headers }) => type.startsWith('reply.') && headers['causationid'] === id);
    if (!found) throw new Error('no reply flies');
    return found;
  }

  /** Time passes until the step is sent again: the same message, which now flies. */
  async repeated(request = this.request, seconds = REPEAT): Promise<InFlight> {
    await this.look(seconds);
    const again = this.find(({ type, id }) => type === request.type && id === request.id);
    if (!again) throw new Error(`${request.type} is not repeated with its id`);
    return again;
  }

  /** The deadline passes, and the saga turns back: its undo flies. */
  async turned(): Promise<InFlight> {
    const before = await this.row();
    await this.look(DEADLINE);
    const { request } = await this.row();
    const undo = this.find(({ id }) => id === request);
    if (!undo || request === before.request) throw new Error('the saga does not turn back');
    return undo;
  }

  /** Deadline and grace pass without a word: the saga waits for an operator. */
  async stuck(): Promise<void> {
    await this.look(2 * DEADLINE);
    await this.mustBeStuck();
  }

  async mustBeStuck(): Promise<void> {
    if (!(await this.row()).stuck) throw new Error('the saga is not STUCK');
  }

  /** Whatever happens changes nothing of the saga. */
  async mustStay(happen: () => Promise<void>): Promise<void> {
    const before = await this.row();
    await happen();
    const after = await this.row();
    if (after.whole !== before.whole) throw new Error(`the saga was ${before.whole} and is ${after.whole}`);
  }

  async mustBe(state: string): Promise<void> {
    const row = await this.row();
    if (row.state !== state || row.stuck) throw new Error(`the saga is ${row.state}, not ${state}`);
  }

  async ending(): Promise<End | string> {
    const { state, stuck, finished } = await this.row();
    if (stuck) return 'stuck';
    if (!finished) return `still ${state}`;
    return state === 'COMPLETED' || state === 'DONE' ? 'forward' : 'back';
  }

  /** Brings the saga to the step, or to what is to be undone and past the deadline. */
  private async reach(): Promise<InFlight> {
    const { undoes } = this.step;
    if (!undoes) return this.requestOf(this.step);
    const request = await this.requestOf(undoes.step);
    if (undoes.lost === 'reply') await this.deliver(request);
    this.lose(undoes.lost === 'reply' ? this.replyTo(request) : request);
    return this.turned();
  }

  /** Delivers what comes before it, until the request flies. */
  private async requestOf({ request, state }: Step): Promise<InFlight> {
    for (let count = 0; count < 50; count += 1) {
      const found = this.find((message) => message.type === request && this.isOurs(message));
      if (found) {
        await this.mustBe(state);
        return found;
      }
      const [first] = this.world.network.flying;
      if (!first) break;
      await this.world.network.deliver(first);
    }
    throw new Error(`no ${request} comes`);
  }

  private async look(seconds: number): Promise<void> {
    await this.world.clock.pass(seconds);
    await this.world.look();
    const check = this.find((message) => message.type.startsWith('reservation.Check') && this.isOurs(message));
    if (!check) throw new Error('the timers find nothing');
    await this.world.network.deliver(check);
    this.hits.push(`looked at after ${seconds} s`);
  }

  find(wanted: (message: InFlight) => boolean): InFlight | undefined {
    return this.world.network.flying.find(wanted);
  }

  private isOurs({ payload }: InFlight): boolean {
    return payload.includes(this.paymentId) || payload.includes(this.buyer.reservationId);
  }

  hit(what: string, { type }: InFlight): void {
    this.hits.push(`${type} ${what}`);
  }

  private trap(what: string, message: InFlight, sprung: () => boolean): void {
    this.hit(what, message);
    this.traps.push({ title: `${message.type} was not ${what}`, sprung });
  }

  async row(): Promise<SagaRow> {
    const { saga } = this.step;
    const [row] = await this.world.rows<SagaRow>(
      `select state, stuck_reason is not null as stuck, finished_at is not null as finished, last_request_id as request,
              to_jsonb(saga)::text as whole
       from reservation.${saga} saga where payment_id = $1`,
      [this.paymentId],
    );
    if (!row) throw new Error(`no ${saga} has begun`);
    return row;
  }
}
