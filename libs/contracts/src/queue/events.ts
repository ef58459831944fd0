import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { topics } from '../topics.js';
import { uuid } from '../values.js';

/** What the places' tokens say: of a registration its negative, also once it has drawn a number. */
const numbers = z.array(z.int());

/**
 * These places are over, by a payment or because their visitors left: gateways refuse them from now on, long before a
 * snapshot says so. One for each batch that ended any.
 */
export const placesEnded = defineMessage({
  type: 'queue.PlacesEnded.v1',
  topic: topics.queueEvents,
  payload: z.object({ concertId: uuid, generation: z.int().min(1), spent: numbers, left: numbers }),
  key: (payload) => payload.concertId,
  subject: (payload) => payload.concertId,
});
export type PlacesEnded = z.output<(typeof placesEnded)['payload']>;
