import { Counter } from '#service';
import type { Line } from '../domain/line.js';

/** The funnel as it happens; `GET …/queue/funnel` has it by the hour of joining, with waits and estimates. */
const places = new Counter({
  name: 'queue_places_total',
  help: 'Places that joined, came in, were passed over, arrived, paid or left. A batch that is tried again counts twice',
  labelNames: ['concert', 'event'],
});

/** Counts what a batch has made of a line. */
export function countPlaces({ room: { concertId: concert }, created, advances, ended, arrived }: Line): void {
  const add = (event: string, count: number) => {
    if (count > 0) places.inc({ concert, event }, count);
  };
  add('joined', created.length);
  add('admitted', sum(advances.map(({ activated }) => activated)));
  add('passed over', sum(advances.map(({ passedOver }) => passedOver.length)));
  add('arrived', arrived);
  add('paid', ended.spent.length);
  add('left', ended.left.length);
}

const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
