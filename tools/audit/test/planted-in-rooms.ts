import { queue } from '#contracts';
import * as harm from './harm.js';
import { concertId } from './history.js';
import type { Planted } from './planted.js';
import { settled, underWay } from './purchases.js';

const quoted = (text: string) => `'${text}'`;
const tick = (number: number) => quoted(`${concertId} tick ${number}`);
const number = (queueNumber: number) => quoted(`${concertId} number ${queueNumber}`);
const buyers = Object.keys(settled).length + Object.keys(underWay).length;
const ofClass = queue.classSpan + 1;
const log = (set: string, tickNumber: number) =>
  `update queue.activation_log set ${set} where tick_number = ${tickNumber}`;
/** The second row of the log comes almost an interval after the first. */
const soon = (set: string) => [
  log(`${set}, at = (select at from queue.activation_log where tick_number = 1) + interval '4999 milliseconds'`, 2),
  `update queue.place set activated_at = (select at from queue.activation_log where tick_number = 2)
   where queue_number > 3 and activated_at is not null`,
];

export const inWaitingRooms: readonly Planted[] = [
  {
    check: 'no tick activated more than its batch',
    sql: [log('activated = 1001, passed_over = to_number - from_number - 1000', 1)],
    found: [['a tick activated more than its batch', tick(1)]],
  },
  {
    check: 'no tick activated more than the cap left',
    sql: [log('max_active = 4, active = 2', 1)],
    found: [['a tick activated more than the cap left', tick(1)]],
  },
  {
    check: 'no two ticks were closer than the interval',
    sql: soon(`limited_by = null`),
    found: [['a tick came sooner than the interval', tick(2)]],
  },
  {
    check: 'no interval saw more activations than a batch',
    sql: soon(`limited_by = 'INSTANT', activation_batch = activated`),
    found: [['an interval saw more than a batch', tick(2)]],
  },
  {
    check: 'each activated place is in the range of one tick, and no tick activated more than it says',
    sql: [harm.place(1, `activated_at = activated_at + interval '1 second'`)],
    found: [['an active place that no tick, or more than one, let in', number(1)]],
  },
  {
    check: 'each activated place is in the range of one tick, and no tick activated more than it says',
    sql: [log('activated = 2, passed_over = 1', 1)],
    found: [['a tick activated more than it says', tick(1)]],
  },
  {
    check: 'nobody waits behind the serving number, and nobody was let in before it',
    sql: [`update queue.waiting_room set serving_number = serving_number + 1`],
    found: [['a place waits that ticks have passed', number(buyers + 1)]],
  },
  {
    check: 'nobody waits behind the serving number, and nobody was let in before it',
    sql: [`update queue.waiting_room set serving_number = 0`, harm.place(1, `active_until = now()`)],
    found: [
      ...[...Object.entries(settled), ...Object.entries(underWay)].flatMap(([, purchase], index) =>
        'spent' in purchase ? [] : [['a place was let in that no tick has reached', number(index + 1)] as const],
      ),
    ],
  },
  {
    check: 'the queue token of each completed payment is spent',
    sql: [harm.place(harm.numberOf('completed'), `status = 'ACTIVE', finished_at = null`)],
    found: [['a completed payment whose queue token is not spent', quoted(harm.paymentOf('completed'))]],
  },
  {
    check: 'each user has one live place in a concert at most',
    sql: [
      'drop index queue.place_of_user',
      harm.place(harm.numberOf('rejected'), `user_id = '${harm.fanOf('waiting')}'`),
    ],
    found: [['a user has more than one live place', quoted(`${concertId} ${harm.fanOf('waiting')}`)]],
  },
  {
    check: 'no number was drawn twice in a generation, nor beyond the last',
    sql: [
      'alter table queue.place drop constraint place_pkey',
      `insert into queue.place (concert_id, generation, queue_number, token_id, user_id, status, issued_at, lease_until)
       select concert_id, generation, queue_number, gen_random_uuid(), 'somebody', 'LEFT', issued_at, lease_until
       from queue.place where queue_number = ${buyers + 1}`,
    ],
    found: [['a number was drawn twice', number(buyers + 1)]],
  },
  {
    check: 'no number was drawn twice in a generation, nor beyond the last',
    sql: ['update queue.waiting_room set last_number = last_number - 1'],
    found: [['a number beyond the last that was drawn', number(buyers + 2)]],
  },
  {
    check: 'no number was drawn twice in a generation, nor beyond the last',
    sql: [harm.place(buyers + 2, `queue_number = ${ofClass}`)],
    found: [['a number beyond the last that was drawn', number(ofClass)]],
  },
  {
    check: 'nobody waits behind the serving number, and nobody was let in before it',
    sql: [
      harm.place(buyers + 2, `queue_number = ${ofClass}`),
      `update queue.waiting_room set classes = '[{"index":1,"lastNumber":${ofClass},"servingNumber":${ofClass}}]'`,
    ],
    found: [['a place waits that ticks have passed', number(ofClass)]],
  },
  {
    check: 'each registration has one number of its draw',
    sql: [harm.place(2, 'registration = null')],
    found: [['a number that is not of its draw', number(2)]],
  },
  {
    check: 'each registration has one number of its draw',
    sql: ['update queue.waiting_room set drawn_to = 2'],
    found: [['a number that is not of its draw', number(2)]],
  },
  {
    check: 'each registration has one number of its draw',
    sql: [harm.place(1, 'registration = 3')],
    found: [['a registration was given twice', quoted(`${concertId} registration 3`)]],
  },
];
