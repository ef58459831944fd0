import { integer, list, setting, type Settings } from '#service';
import { z } from 'zod';

/** What every process that speaks Kafka reads. */
export const kafkaSettings = {
  KAFKA_BROKERS: setting(list, 'host:port of the brokers, comma separated'),
  KAFKA_PREFIX: setting(z.string(), 'put before every topic and group name, so that systems can share a broker', ''),
  KAFKA_SESSION_MS: setting(integer(1_000, 60_000), 'silence after which a consumer counts as dead, ms', '6000'),
} as const satisfies Settings;
