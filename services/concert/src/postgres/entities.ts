import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Rows of the catalogue, for its queries. Seats and claims are read and written by set-based statements only. */
@Entity({ name: 'concert' })
export class ConcertRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', nullable: true })
  artist!: string | null;

  @Column({ type: 'text', nullable: true })
  venue!: string | null;

  @Column({ type: 'text', name: 'time_zone' })
  timeZone!: string;

  @Column({ type: 'timestamptz', name: 'sales_open_at', precision: 3, nullable: true })
  salesOpenAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'sales_close_at', precision: 3, nullable: true })
  salesCloseAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;
}

@Entity({ name: 'schedule' })
export class ScheduleRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid', name: 'concert_id' })
  concertId!: string;

  @Column({ type: 'timestamptz', name: 'starts_at', precision: 3 })
  startsAt!: Date;

  @Column({ type: 'int', name: 'seats_total' })
  seatsTotal!: number;
}

export const entities = [ConcertRow, ScheduleRow];
