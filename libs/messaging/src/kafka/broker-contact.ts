import type { Consumer } from 'kafkajs';

/**
 * Whether a consumer hears from its broker. An idle fetch and a heartbeat each come back in a third of the session, so a
 * whole session of silence is no chance. The client itself says so only after its retries, a quarter of a minute later.
 */
export class BrokerContact {
  private heardAt = Date.now();

  constructor(
    consumer: Consumer,
    private readonly sessionMs: number,
  ) {
    const { FETCH, HEARTBEAT, GROUP_JOIN } = consumer.events;
    for (const sign of [FETCH, HEARTBEAT, GROUP_JOIN] as const) {
      consumer.on(sign, () => {
        this.heardAt = Date.now();
      });
    }
  }

  get isLost(): boolean {
    return Date.now() - this.heardAt > this.sessionMs;
  }
}
