import { CreateConcertTables1795000000000 } from './1-create-concert-tables.js';

/** Every migration of the concert service's schema, oldest first. */
export const migrations = [CreateConcertTables1795000000000];
