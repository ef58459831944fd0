import {
  type AConcert,
  aConcertWith,
  aFanInLine,
  type Answer,
  type ApiClient,
  type AQueueingFan,
  expectStatus,
  rowsOf,
  type System,
} from '#testing';

/** The waiting room of a concert of its own, as an operator, its visitors and its tables see it. */
export class ControlledQueue {
  private constructor(
    private readonly system: System,
    private readonly olga: ApiClient,
    readonly concert: AConcert,
  ) {}

  /** `operator`: whoever controls it. */
  static async open(system: System, operator: ApiClient): Promise<ControlledQueue> {
    return new ControlledQueue(system, operator, await aConcertWith(system, { seats: 1 }));
  }

  /** What operators see and change. */
  get path(): string {
    return `/v1/admin/concerts/${this.concert.concertId}/queue`;
  }

  /** A visitor's place. */
  get place(): string {
    return `/v1/concerts/${this.concert.concertId}/queue-token`;
  }

  /** What only a pass is answered. */
  get dates(): string {
    return `/v1/concerts/${this.concert.concertId}/schedules`;
  }

  async set(controls: object, by = this.olga): Promise<any> {
    return expectStatus(await by.patch(this.path, { ...controls, reason: 'as planned' }), 200);
  }

  async shown(by = this.olga): Promise<any> {
    return expectStatus(await by.get(this.path), 200);
  }

  async ticks(): Promise<any[]> {
    return expectStatus(await this.olga.get(`${this.path}/ticks?limit=100`), 200).items;
  }

  /** Fans who join one after the other. */
  async join(count: number): Promise<AQueueingFan[]> {
    const fans: AQueueingFan[] = [];
    for (let fan = 0; fan < count; fan += 1) fans.push(await aFanInLine(this.system, this.concert));
    return fans;
  }

  /** What each gateway answers the fan. */
  everywhere(fan: AQueueingFan, path: string): Promise<Answer[]> {
    return Promise.all(this.system.gateways.map((baseUrl) => fan.api.with({ baseUrl }).get(path)));
  }

  /** Whether the fan is let in at each gateway. */
  async passes(fan: AQueueingFan): Promise<boolean> {
    return (await this.everywhere(fan, this.dates)).every(({ status }) => status === 200);
  }

  /** How often the queue's processes have counted it: `queue_places_total`. */
  async counted(event: string): Promise<number> {
    const name = `queue_places_total{concert="${this.concert.concertId}",event="${event}"} `;
    const texts = this.system.processes.queue.map(async ({ url }) => (await fetch(`${url}/metrics`)).text());
    const lines = (await Promise.all(texts)).flatMap((text) => text.split('\n'));
    return lines
      .filter((line) => line.startsWith(name))
      .reduce((sum, line) => sum + Number(line.slice(name.length)), 0);
  }

  /** Every place it ever had, in the order of drawing. */
  places(): Promise<Record<string, any>[]> {
    return this.rows('select * from queue.judged_place where concert_id = $1 order by generation, queue_number');
  }

  async statuses(): Promise<string[]> {
    return (await this.places()).map(({ status }) => status);
  }

  rows(sql: string): Promise<Record<string, any>[]> {
    return rowsOf(this.system.adminDatabaseUrl, sql, [this.concert.concertId]);
  }
}
