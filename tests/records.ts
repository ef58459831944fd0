import { scanTopics } from '#messaging';
import type { System } from '#testing';

export interface SeenRecord {
  readonly key: string;
  /** The header `ce_id`: the same again is a repeat. */
  readonly id: string;
  /** The header `ce_subject`. */
  readonly subject: string;
  /** The header `ce_type`. */
  readonly type: string;
  /** The header `ce_time`, RFC 3339. */
  readonly time: string;
}

/** Every record that lies in a topic of the system now, in no order among partitions. */
export async function recordsOf({ kafka }: System, topic: string): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = [];
  await scanTopics({ ...kafka, topics: [topic] }, ({ key, headers }) => {
    const { ce_id: id = '', ce_subject: subject = '', ce_type: type = '', ce_time: time = '' } = headers;
    seen.push({ key, id, subject, type, time });
  });
  return seen;
}
