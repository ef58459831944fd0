import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a tick decides is its row of the log: a place that still waits by its own row, and whose number is in the range of a tick, was
 * let in by it, or passed over. `judged_place` has places as they stand; whatever is told of a place after that is in its row.
 */
export class JudgedPlaces1795762800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Null where no place is left to be judged: of ticks before this, and those that moved nobody.
    await runner.query(
      'alter table activation_log add column dead_line timestamptz(3), add column active_until timestamptz(3)',
    );
    await runner.query(
      `create index activation_log_range on activation_log (concert_id, generation, class, to_number)
         where to_number >= from_number`,
    );
    // Its own row says the status of a finished place; \`saved_status\` is what the row says of any. 134217728 numbers to a class.
    await runner.query(
      `create view judged_place as
       select place.concert_id, place.generation, place.queue_number, place.registration, place.token_id, place.user_id,
              case when tick is null then place.status
                   when place.lease_until > tick.dead_line then 'ACTIVE'
                   else 'EXPIRED' end as status,
              place.issued_at, place.lease_until,
              case when place.lease_until > tick.dead_line then tick.at else place.activated_at end as activated_at,
              case when place.lease_until > tick.dead_line then tick.active_until
                   else place.active_until end as active_until,
              place.arrived_at, place.estimated_at,
              case when place.lease_until <= tick.dead_line then tick.at else place.finished_at end as finished_at,
              place.status as saved_status
       from place
       left join lateral (
         select log.at, log.dead_line, log.active_until, log.from_number
         from activation_log log
         where place.status = 'WAITING' and place.queue_number > 0
           and log.concert_id = place.concert_id and log.generation = place.generation
           and log.class = (place.queue_number - 1) / 134217728
           and log.to_number >= place.queue_number and log.to_number >= log.from_number
         order by log.to_number limit 1
       ) tick on tick.from_number <= place.queue_number`,
    );
  }

  async down(): Promise<void> {
    throw new Error('who was let in is in the log alone');
  }
}
