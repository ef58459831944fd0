import type pg from 'pg';

/**
 * The database's clock in the test's hand. Every service asks PostgreSQL for the time with `clock_timestamp()`, the audit with
 * `now()` too; in this database the functions of these names that they find first are ahead of the real ones by as much as
 * has been passed.
 */
export class Clock {
  /** Seconds. */
  passed = 0;

  private constructor(private readonly admin: pg.Client) {}

  static async in(admin: pg.Client): Promise<Clock> {
    await admin.query(
      `create schema clock;
       create table clock.hand (ahead interval not null);
       insert into clock.hand values ('0 seconds');
       create function clock.clock_timestamp() returns timestamptz language sql volatile
         as 'select pg_catalog.clock_timestamp() + ahead from clock.hand';
       create function clock.now() returns timestamptz language sql stable
         as 'select pg_catalog.now() + ahead from clock.hand';
       grant usage on schema clock to public;
       grant select on clock.hand to public`,
    );
    return new Clock(admin);
  }

  /** The URL of a connection on which this clock hides PostgreSQL's own. */
  static urlOf(url: string, schema: string): string {
    const changed = new URL(url);
    changed.searchParams.set('options', `-c search_path=clock,pg_catalog,${schema}`);
    return changed.href;
  }

  async pass(seconds: number): Promise<void> {
    this.passed += seconds;
    await this.admin.query('update clock.hand set ahead = ahead + make_interval(secs => $1)', [seconds]);
  }
}
