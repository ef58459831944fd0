import { stepFactor } from '../domain/funnel.js';

const stepOf = (seconds: string) => `floor(ln(greatest(1, ${seconds})) / ln(${stepFactor}))`;

/**
 * Counts of the places of `source` (concert_id, hour, outcome, wait_step, error_step, places), as `FunnelCount` names them; a
 * step of -1 is none. `now` is an SQL expression; `source` has the columns of `judged_place`.
 */
export const countedPlaces = (source: string, now: string) => `
  select concert_id, date_trunc('hour', issued_at, 'UTC') as hour,
    case when status = 'SPENT' then 'PAID'
         when status = 'ACTIVE' and active_until > ${now} and generation = current then 'ACTIVE'
         when activated_at is not null then case when arrived_at is null then 'NO_SHOW' else 'UNPAID' end
         when status = 'LEFT' then 'LEFT'
         when status = 'WAITING' and lease_until > ${now} and generation = current then 'WAITING'
         else 'LAPSED' end as outcome,
    case when activated_at is null then -1
         else ${stepOf('extract(epoch from activated_at - issued_at)')} end::int as wait_step,
    case when activated_at is null or estimated_at is null then -1
         else ${stepOf('abs(extract(epoch from activated_at - estimated_at))')} end::int as error_step,
    count(*)::int as places
  from ${source}
  join (select concert_id, generation as current from waiting_room) room using (concert_id)
  group by 1, 2, 3, 4, 5`;
