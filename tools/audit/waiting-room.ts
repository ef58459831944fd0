import { queue } from '#contracts';
import type { Check } from './check.js';

/** What the queue service's settings say: for ticks of rooms without figures of their own that were logged without any. */
export interface RoomRules {
  /** Most places a tick makes active. */
  readonly activationBatch: number;
  /** Least time between two ticks of a concert, ms. */
  readonly tickMs: number;
}

/** How far back ticks are looked at, hours: as long as one may have been logged without the figures that held. */
export const TICK_HOURS = 24;

/** The numbers of each class of each room: class 0 is everybody's, and the room's own. */
const classes = `(
  select concert_id, generation, 0 as class, last_number, serving_number from queue.waiting_room
  union all
  select concert_id, generation, one.index, one."lastNumber", one."servingNumber"
  from queue.waiting_room, jsonb_to_recordset(classes) as one (index int, "lastNumber" int, "servingNumber" int)
)`;
const classOf = (number: string) => `case when ${number} > 0 then (${number} - 1) / ${queue.classSpan} else 0 end`;

/** The ticks, with the parts of all classes together, and joins that were let in at once. */
const ticks = `(
  select concert_id, generation, tick_number, at, limited_by, activation_batch, max_active, tick_ms, active,
         sum(activated)::int as activated
  from queue.activation_log
  group by concert_id, generation, tick_number, at, limited_by, activation_batch, max_active, tick_ms, active
)`;

/** Everything of a concert commits under its room's lock, so these hold at every instant. */
export const waitingRooms = (rules: RoomRules): readonly Check[] => [...pace(rules), ...lines];

/** How fast the rooms let visitors in. */
function pace({ activationBatch, tickMs }: RoomRules): readonly Check[] {
  const recent = `at > now() - interval '${TICK_HOURS} hours'`;
  return [
    {
      id: 'I1',
      name: 'no tick activated more than its batch',
      rows: `select count(*) from queue.activation_log where ${recent}`,
      violations: `
        select 'a tick activated more than its batch' as what, l.concert_id || ' tick ' || l.tick_number as which
        from ${ticks} l join queue.waiting_room r using (concert_id)
        where ${recent} and l.activated > coalesce(l.activation_batch, r.activation_batch, ${activationBatch})`,
    },
    {
      id: 'I1',
      name: 'no tick activated more than the cap left',
      rows: 'select count(*) from queue.activation_log where max_active is not null',
      violations: `
        select 'a tick activated more than the cap left' as what, concert_id || ' tick ' || tick_number as which
        from ${ticks} l where activated > 0 and active + activated > max_active`,
    },
    {
      id: 'I1',
      name: 'no two ticks were closer than the interval',
      rows: `select count(*) from queue.activation_log where ${recent}`,
      violations: `
        select 'a tick came sooner than the interval' as what, t.concert_id || ' tick ' || t.tick_number as which
        from (select *, at - lag(at) over (partition by concert_id order by at, tick_number) as pause
              from ${ticks} l where ${recent} and limited_by is distinct from 'INSTANT') t
        join queue.waiting_room r using (concert_id)
        where t.pause < coalesce(t.tick_ms, r.tick_ms, ${tickMs}) * interval '1 millisecond'`,
    },
    {
      id: 'I1',
      name: 'no interval saw more activations than a batch',
      rows: `select count(*) from queue.activation_log where ${recent} and activated > 0`,
      violations: `
        select 'an interval saw more than a batch' as what, l.concert_id || ' tick ' || l.tick_number as which
        from queue.activation_log l join queue.waiting_room r using (concert_id),
        lateral (select sum(activated) as activated from queue.activation_log o
                 where o.concert_id = l.concert_id and o.at <= l.at
                   and o.at > l.at - coalesce(l.tick_ms, r.tick_ms, ${tickMs}) * interval '1 millisecond') within
        where l.${recent} and l.activated > 0
          and within.activated > greatest(l.activated, coalesce(l.activation_batch, r.activation_batch, ${activationBatch}))`,
    },
  ];
}

const lines: readonly Check[] = [
  {
    id: 'I1',
    name: 'each activated place is in the range of one tick, and no tick activated more than it says',
    rows: 'select count(*) from queue.judged_place where activated_at is not null',
    violations: `
      select 'an active place that no tick, or more than one, let in' as what,
             p.concert_id || ' number ' || p.queue_number as which
      from queue.judged_place p
      where p.activated_at is not null and (
        select count(*) from queue.activation_log l
        where l.concert_id = p.concert_id and l.generation = p.generation
          and p.queue_number between l.from_number and l.to_number and p.activated_at = l.at) <> 1
      union all
      select 'a tick activated more than it says', l.concert_id || ' tick ' || l.tick_number
      from queue.activation_log l
      join queue.judged_place p on p.concert_id = l.concert_id and p.generation = l.generation
        and p.queue_number between l.from_number and l.to_number and p.activated_at is not null
      group by l.concert_id, l.generation, l.tick_number, l.class, l.activated having count(*) > l.activated`,
  },
  {
    id: 'I2',
    name: 'nobody waits behind the serving number, and nobody was let in before it',
    rows: `select count(*) from queue.judged_place where status in ('WAITING', 'ACTIVE')`,
    violations: `
      select case p.status when 'WAITING' then 'a place waits that ticks have passed'
                           else 'a place was let in that no tick has reached' end as what,
             p.concert_id || ' number ' || p.queue_number as which
      from queue.judged_place p
      join ${classes} r on r.concert_id = p.concert_id and r.generation = p.generation
        and r.class = ${classOf('p.queue_number')}
      where (p.status = 'WAITING' and p.queue_number between 1 and r.serving_number)
         or (p.status = 'ACTIVE' and p.queue_number > r.serving_number)`,
  },
  {
    id: 'I8',
    name: 'the queue token of each completed payment is spent',
    rows: `select count(*) from reservation.payment where state = 'COMPLETED'`,
    violations: `
      select 'a completed payment whose queue token is not spent' as what, pay.payment_id::text as which
      from reservation.payment pay
      join queue.judged_place p on p.token_id = (pay.place ->> 'tokenId')::uuid
      join queue.waiting_room r on r.concert_id = p.concert_id and r.generation = p.generation
      where pay.state = 'COMPLETED' and p.status in ('WAITING', 'ACTIVE')`,
  },
  {
    id: 'I10',
    name: 'each user has one live place in a concert at most',
    rows: `select count(*) from queue.place where status in ('WAITING', 'ACTIVE')`,
    violations: `
      select 'a user has more than one live place' as what, concert_id || ' ' || user_id as which
      from queue.place where status in ('WAITING', 'ACTIVE')
      group by concert_id, user_id having count(*) > 1`,
  },
  {
    id: 'I11',
    name: 'no number was drawn twice in a generation, nor beyond the last',
    rows: 'select count(*) from queue.place',
    violations: `
      select 'a number was drawn twice' as what, concert_id || ' number ' || queue_number as which
      from queue.place group by concert_id, generation, queue_number having count(*) > 1
      union all
      select 'a number beyond the last that was drawn', p.concert_id || ' number ' || p.queue_number
      from queue.place p left join queue.waiting_room r using (concert_id)
      left join ${classes} c on c.concert_id = p.concert_id and c.generation = p.generation
        and c.class = ${classOf('p.queue_number')}
      where (p.generation < r.generation or p.queue_number <= c.last_number) is not true`,
  },
  {
    id: 'I11',
    name: 'each registration has one number of its draw',
    rows: 'select count(*) from queue.place where registration is not null',
    violations: `
      select 'a number that is not of its draw' as what, p.concert_id || ' number ' || p.queue_number as which
      from queue.place p join queue.waiting_room r using (concert_id, generation)
      where case when p.registration is null then p.queue_number <= r.registered
                 when p.registration <= coalesce(r.drawn_to, 0) then p.queue_number not between 1 and r.registered
                 else p.queue_number <> -p.registration end
      union all
      select 'a registration was given twice', concert_id || ' registration ' || registration
      from queue.place where registration is not null
      group by concert_id, generation, registration having count(*) > 1`,
  },
];
