import { rowsOf, type System } from '#testing';

/**
 * Rows of the reservation service's table cannot be changed so: whichever message wants it is parked, as by a bug.
 * @param when SQL over `old` and `new`, which should name one row
 * @returns what mends it
 */
export async function plantFault(
  { adminDatabaseUrl }: Pick<System, 'adminDatabaseUrl'>,
  table: 'reservation' | 'payment',
  when: string,
): Promise<() => Promise<void>> {
  const name = `planted_${table}`;
  await rowsOf(
    adminDatabaseUrl,
    `create function reservation.${name}() returns trigger language plpgsql as $$
     begin
       raise exception 'a planted fault';
     end $$;
     create trigger ${name} before update on reservation.${table}
       for each row when (${when}) execute function reservation.${name}()`,
  );
  return async () => {
    await rowsOf(adminDatabaseUrl, `drop trigger ${name} on reservation.${table}; drop function reservation.${name}`);
  };
}
